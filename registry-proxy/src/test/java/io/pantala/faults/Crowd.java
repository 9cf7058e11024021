package io.pantala.faults;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Connections by the thousand, in a process of its own, since their other ends take as many files as one may have open. */
final class Crowd implements AutoCloseable {
    private static final String THERE = "there";

    private final Process process;
    private final BufferedReader says;

    private Crowd(Process process) {
        this.process = process;
        this.says = process.inputReader(StandardCharsets.US_ASCII);
    }

    /** Connects so many times; half of them begin to ask for something, and no more comes. */
    static Crowd come(int port, int connections) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Crowd.class.getName(),
                        "" + port,
                        "" + connections)
                .redirectErrorStream(true)
                .start();
        var crowd = new Crowd(process);
        String said = crowd.says.readLine();
        if (!THERE.equals(said)) {
            String more = said + "\n" + crowd.says.lines().reduce("", (all, line) -> all + line + "\n");
            crowd.close();
            throw new AssertionError(more);
        }
        return crowd;
    }

    /** What the last one gets that now asks for something: the first line of the answer. */
    String lastAsks() throws IOException {
        process.outputWriter(StandardCharsets.US_ASCII).append('\n').flush();
        return says.readLine();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    public static void main(String[] arguments) throws IOException {
        var to = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
        int count = Integer.parseInt(arguments[1]);
        List<SocketChannel> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            SocketChannel each = SocketChannel.open(to);
            all.add(each);
            if (i % 2 == 0) {
                each.write(StandardCharsets.US_ASCII.encode("GET /v2/ HTTP/1.1\r\nHost:"));
            }
        }
        System.out.println(THERE);
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII)).readLine();
        SocketChannel last = all.getLast();
        last.write(StandardCharsets.US_ASCII.encode("GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n"));
        System.out.println(
                new BufferedReader(new InputStreamReader(last.socket().getInputStream(), StandardCharsets.US_ASCII))
                        .readLine());
        System.in.read(ByteBuffer.allocate(1).array());
    }
}
