package io.pantala.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as its users and service managers see it: lines, signals and exit codes. */
class ProcessTest {
    private static final Pattern LISTEN = Pattern.compile(" listen=127\\.0\\.0\\.1:([0-9]+)");

    @TempDir
    private Path directory;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void killWhatIsLeft() {
        started.forEach(Process::destroyForcibly);
    }

    @Test
    void aTermEndsItWithZero() throws Exception {
        Process seed = start("seed", "--seed-listen=127.0.0.1:0");
        BufferedReader log = seed.errorReader(StandardCharsets.UTF_8);
        assertThat(readUntil(log, "ready"))
                .matches("\\S+ INFO  Pantala: ready .*seed\\.listen=127\\.0\\.0\\.1:[1-9].* ms=[0-9]+");

        terminate(seed);
        terminate(seed); // as timeout(1) does

        assertThat(seed.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(seed.exitValue()).isZero();
        assertThat(log.lines()).last().asString().endsWith("Pantala: stopped");
    }

    @Test
    void aSecondTermEndsItAtOnce() throws Exception {
        try (FakeRegistry registry = FakeRegistry.start()) {
            registry.next("/v2/", Fault.stallAfter(1));
            Process host = start(
                    "proxy",
                    "--listen=127.0.0.1:0",
                    "--drain-timeout=1h",
                    "--upstream=registry.test=" + registry.url(),
                    "--default-upstream=registry.test");
            BufferedReader log = host.errorReader(StandardCharsets.UTF_8);
            Matcher port = LISTEN.matcher(readUntil(log, "ready"));
            assertThat(port.find()).isTrue();
            try (Socket engine = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(port.group(1)))) {
                engine.getOutputStream()
                        .write("GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                Awaitility.await().until(() -> !registry.requests().isEmpty());

                terminate(host);
                readUntil(log, "stopping");

                Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
                    terminate(host);
                    return host.waitFor(100, TimeUnit.MILLISECONDS);
                });
                assertThat(host.exitValue()).isEqualTo(143);
            }
        }
    }

    @Test
    void aStartThatFailsIsOneLineAndOne() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            String address = "127.0.0.1:" + taken.getLocalPort();
            Process seed = start("seed", "--seed-listen=" + address, "--log-level=warn");

            assertThat(seed.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(seed.exitValue()).isEqualTo(1);
            assertThat(seed.errorReader(StandardCharsets.UTF_8).lines())
                    .singleElement()
                    .asString()
                    .startsWith("pantala seed: can't listen on " + address);
        }
    }

    private Process start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Pantala.class.getName()));
        command.addAll(List.of(arguments));
        command.add("--admin-listen=127.0.0.1:0");
        command.add("--data-dir=" + directory.resolve(arguments[0]));
        Process process = new ProcessBuilder(command).start();
        started.add(process);
        return process;
    }

    /** SIGTERM; Process.destroy would close the log as well. */
    private static void terminate(Process process) {
        process.toHandle().destroy();
    }

    private static String readUntil(BufferedReader log, String word) throws IOException {
        StringBuilder before = new StringBuilder();
        for (String line = log.readLine(); line != null; line = log.readLine()) {
            if (line.contains(word)) {
                return line;
            }
            before.append(line).append('\n');
        }
        throw new AssertionError("it ended before it said " + word + ":\n" + before);
    }
}
