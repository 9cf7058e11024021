package io.pantala.faults;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A file system of its own, in memory, that can be full or read-only; only root can make one. */
public final class SmallDisk implements AutoCloseable {
    private static final int CHUNK = 4096;

    private final Path path;
    private int mounts = 1;

    private SmallDisk(Path path) {
        this.path = path;
    }

    /** @param path where it is mounted; made if it isn't there */
    public static SmallDisk mount(Path path, long bytes) throws IOException, InterruptedException {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can mount a file system");
        Files.createDirectories(path);
        run("mount", "-t", "tmpfs", "-o", "size=" + bytes, "tmpfs", path.toString());
        return new SmallDisk(path);
    }

    /** Takes all of its room but so many bytes. */
    public void leave(long bytes) throws IOException {
        FileStore store = Files.getFileStore(path);
        try (OutputStream out = Files.newOutputStream(ballast())) {
            byte[] chunk = new byte[CHUNK];
            while (store.getUsableSpace() > bytes) {
                out.write(chunk);
            }
        }
    }

    /** Gives back what {@link #leave} took. */
    void clear() throws IOException {
        Files.delete(ballast());
    }

    /** From now on nothing is opened here for writing; what is open stays so. */
    void becomeReadOnly() throws IOException, InterruptedException {
        run("mount", "--bind", path.toString(), path.toString());
        mounts++;
        run("mount", "-o", "remount,bind,ro", path.toString());
    }

    @Override
    public void close() throws IOException {
        try {
            for (; mounts > 0; mounts--) {
                run("umount", "--lazy", path.toString());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Path ballast() {
        return path.resolve("ballast");
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException(String.join(" ", command) + ": " + output);
        }
    }
}
