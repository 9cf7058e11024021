package io.pantala.examples.rig;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Programs of this machine. */
public final class Tools {
    /** Where Debian keeps what only root needs. */
    private static final List<String> FURTHER = List.of("/usr/sbin", "/sbin");

    private static final Map<String, String> PACKAGES = Map.of(
            "docker-registry", "docker-registry",
            "ip", "iproute2",
            "nginx", "nginx",
            "openssl", "openssl",
            "skopeo", "skopeo",
            "tar", "tar",
            "tc", "iproute2");

    private Tools() {}

    /** Says at once what of these is not installed, and how to get it. */
    public static void require(String... programs) throws RigException {
        List<String> missing =
                Stream.of(programs).filter(each -> find(each).isEmpty()).toList();
        if (!missing.isEmpty()) {
            String packages = String.join(
                    " ",
                    missing.stream()
                            .map(each -> PACKAGES.getOrDefault(each, each))
                            .distinct()
                            .toList());
            throw new RigException(String.join(", ", missing) + " not found; on Debian: apt-get install " + packages);
        }
    }

    /** Says so when this is not root, which namespaces need. */
    public static void requireRoot() throws RigException {
        try {
            if (!Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
                throw new RigException("it makes network namespaces and shapes links, which root alone may do");
            }
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            throw new RigException("it needs Linux and its /proc");
        }
    }

    /** The path of an installed program. */
    public static String path(String program) throws RigException {
        require(program);
        return find(program).getFirst();
    }

    /** The version that a program tells, on one line. */
    public static String version(String program, String flag) throws RigException, IOException, InterruptedException {
        return run(List.of(path(program), flag)).lines().findFirst().orElse("");
    }

    /**
     * Runs a program to its end.
     *
     * @return what it wrote
     * @throws IOException when it fails, with what it wrote
     */
    public static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .start();
        try (var output = process.getInputStream()) {
            String written = new String(output.readAllBytes(), StandardCharsets.UTF_8);
            int code = process.waitFor();
            if (code != 0) {
                throw new IOException(String.join(" ", command) + " failed with " + code + ": " + written.strip());
            }
            return written;
        } catch (IOException | InterruptedException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private static List<String> find(String program) {
        List<String> directories =
                new ArrayList<>(List.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)));
        directories.addAll(FURTHER);
        return directories.stream()
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .limit(1)
                .toList();
    }
}
