package io.pantala.proxy.doctor;

import io.pantala.proxy.setup.Engine;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Makes an engine pull an image that isn't there. */
final class EngineProbe {
    private static final String DOCKER_SOCKET = "/run/docker.sock";
    private static final int LONGEST_ANSWER = 8 << 10;

    private final Map<String, String> environment;
    private final String hosts;

    /** @param hosts the directory of containerd's {@code hosts.toml} */
    EngineProbe(Map<String, String> environment, String hosts) {
        this.environment = environment;
        this.hosts = hosts;
    }

    /** Why an engine can't be made to pull. */
    static final class Unable extends Exception {
        Unable(String why) {
            super(why);
        }
    }

    /** Pulls, and says what the engine said; waits until it gives up, or an interrupt. */
    String pull(Engine engine, String image) throws Unable, IOException, InterruptedException {
        return switch (engine) {
            case DOCKER -> docker(image);
            case CONTAINERD ->
                found("crictl").isPresent()
                        ? run("crictl", "pull", image)
                        : run("ctr", "images", "pull", "--hosts-dir", hosts, image);
            case CRIO -> run("crictl", "--runtime-endpoint", "unix:///run/crio/crio.sock", "pull", image);
            case PODMAN -> run(found("podman").isPresent() ? "podman" : "buildah", "pull", image);
            case BUILDKIT -> throw new IllegalArgumentException("buildkitd pulls nothing but for a build");
        };
    }

    /** By its API, since its client need not be here. */
    private String docker(String image) throws Unable, IOException {
        String socket = environment.getOrDefault("DOCKER_HOST", "unix://" + DOCKER_SOCKET);
        if (!socket.startsWith("unix://")) {
            throw new Unable("DOCKER_HOST is " + socket + ": not of this host");
        }
        Path path = Path.of(socket.substring("unix://".length()));
        if (!Files.exists(path)) {
            throw new Unable("there is no " + path + "; is dockerd running?");
        }
        int colon = image.lastIndexOf(':');
        String request = "POST /images/create?fromImage=%s&tag=%s HTTP/1.0\r\nHost: docker\r\nContent-Length: 0\r\n\r\n"
                .formatted(image.substring(0, colon).replace("/", "%2F"), image.substring(colon + 1));
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(path));
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer answer = ByteBuffer.allocate(LONGEST_ANSWER);
            while (answer.hasRemaining() && channel.read(answer) >= 0) {
                // Until it has said all.
            }
            return new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8);
        }
    }

    private String run(String... command) throws Unable, IOException, InterruptedException {
        Path program = found(command[0])
                .orElseThrow(() -> new Unable(command[0] + " is not installed, so it can't be made to pull"));
        command[0] = program.toString();
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            // What it says fits into the pipe.
            process.waitFor();
            return new String(process.getInputStream().readNBytes(LONGEST_ANSWER), StandardCharsets.UTF_8);
        } finally {
            process.descendants().forEach(ProcessHandle::destroy);
            process.destroy();
        }
    }

    private Optional<Path> found(String program) {
        Stream<String> path =
                Stream.of(environment.getOrDefault("PATH", "").split(":", -1)).filter(each -> !each.isEmpty());
        return path.map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
