package io.pantala.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Debian's registry, on a port of its own choice, with its content below a directory. */
final class DockerRegistry implements AutoCloseable {
    private static final Pattern LISTENING = Pattern.compile("listening on 127\\.0\\.0\\.1:(\\d+)");

    private final Daemon daemon;
    private final int port;

    private DockerRegistry(Daemon daemon, int port) {
        this.daemon = daemon;
        this.port = port;
    }

    static DockerRegistry start(Path directory) throws IOException {
        return start(directory, "");
    }

    /**
     * With the content of one that was started in this directory before, if there was.
     *
     * @param auth its {@code auth} section; empty for none
     */
    static DockerRegistry start(Path directory, String auth) throws IOException {
        String program = Programs.find("docker-registry");
        Path config = directory.resolve("registry.yml");
        Files.writeString(config, """
                version: 0.1
                log: {level: info, formatter: text}
                storage: {filesystem: {rootdirectory: %s}}
                http: {addr: '127.0.0.1:0', secret: only for tests}
                %s
                """.formatted(directory.resolve("registry"), auth));
        Daemon daemon = Daemon.start(directory, Map.of(), List.of(program, "serve", config.toString()));
        try {
            return new DockerRegistry(
                    daemon, Integer.parseInt(daemon.awaitLine(LISTENING).group(1)));
        } catch (AssertionError e) {
            daemon.kill();
            throw e;
        }
    }

    int port() {
        return port;
    }

    /** Copies all of an image's platforms into it. */
    void push(TestImage image) {
        Command.run(
                        Map.of(),
                        List.of(
                                Programs.find("skopeo"),
                                "--insecure-policy",
                                "copy",
                                "--all",
                                "--preserve-digests",
                                "--dest-tls-verify=false",
                                "oci:" + image.layout() + ":" + image.tag(),
                                "docker://127.0.0.1:" + port + "/" + image.repository() + ":" + image.tag()))
                .orFail();
    }

    @Override
    public void close() {
        daemon.close();
    }
}
