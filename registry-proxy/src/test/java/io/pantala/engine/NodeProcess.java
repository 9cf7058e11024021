package io.pantala.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A node as a process of its own. */
final class NodeProcess implements AutoCloseable {
    private final Daemon daemon;
    private final String address;

    private NodeProcess(Daemon daemon, String address) {
        this.daemon = daemon;
        this.address = address;
    }

    static NodeProcess seed(Path directory, int registryPort) {
        return start(directory, registryPort, "seed", "seed.listen", "--seed-listen=127.0.0.1:0");
    }

    /**
     * @param flags such as {@code --seeds=…}
     */
    static NodeProcess host(Path directory, int registryPort, String... flags) {
        List<String> all = new ArrayList<>(List.of(flags));
        all.add("--listen=127.0.0.1:0");
        return start(directory, registryPort, "proxy", "listen", all.toArray(String[]::new));
    }

    /** Where it listens, {@code host:port}. */
    String address() {
        return address;
    }

    /** As {@code kill -9} does. */
    void kill() {
        daemon.kill();
    }

    /** As {@code kill} does: its exit code. */
    int terminate() {
        Integer code = daemon.terminate();
        if (code == null) {
            throw new AssertionError("it had to be killed:\n" + daemon.output());
        }
        return code;
    }

    String output() {
        return daemon.output();
    }

    @Override
    public void close() {
        daemon.close();
    }

    private static NodeProcess start(Path directory, int registryPort, String role, String key, String... flags) {
        List<String> command = Program.command(
                role,
                "--admin-listen=127.0.0.1:0",
                "--data-dir=" + directory,
                "--disk-quota=1GiB",
                "--upstream=docker.io=http://127.0.0.1:" + registryPort);
        command.addAll(List.of(flags));
        Daemon daemon = Daemon.start(directory.getParent(), Map.of(), command);
        try {
            Pattern ready = Pattern.compile("ready.* " + Pattern.quote(key) + "=(127\\.0\\.0\\.1:\\d+)");
            return new NodeProcess(daemon, daemon.awaitLine(ready).group(1));
        } catch (AssertionError e) {
            daemon.kill();
            throw e;
        }
    }
}
