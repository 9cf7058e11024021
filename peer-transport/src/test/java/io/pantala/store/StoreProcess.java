package io.pantala.store;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Another process that opens a store, writes every second block of {@link #BLOB} and half of one more, says so line by
 * line, and then waits to be killed.
 */
final class StoreProcess implements AutoCloseable {
    static final TestBlob BLOB = TestBlob.ofSize(20_500);
    static final int HALF_WRITTEN = 1;

    private final Process process;
    private final BufferedReader out;

    private StoreProcess(Process process) {
        this.process = process;
        this.out = process.inputReader(StandardCharsets.UTF_8);
    }

    static StoreProcess start(Path directory) throws IOException {
        return new StoreProcess(new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        StoreProcess.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .start());
    }

    public static void main(String[] arguments) throws Exception {
        List<Integer> written = List.of(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20);
        try (BlobStore store = BlobStore.open(
                new StoreConfig(Path.of(arguments[0]), OptionalLong.of(1_000_000)),
                StoreListener.NONE,
                Clock.systemUTC())) {
            System.out.println("open");
            StoredBlob blob = store.create(BLOB.key(), BLOB.layout());
            for (int block : written) {
                BLOB.write(blob, block);
            }
            BlockWriter half = blob.writer(HALF_WRITTEN);
            half.write(ByteBuffer.wrap(BLOB.block(HALF_WRITTEN), 0, 500));
            System.out.println("written");
            System.in.read();
        } catch (StoreException e) {
            System.out.println(e.getMessage());
        }
    }

    String nextLine() throws IOException {
        return String.valueOf(out.readLine());
    }

    long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
    }
}
