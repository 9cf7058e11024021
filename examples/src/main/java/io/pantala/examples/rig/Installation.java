package io.pantala.examples.rig;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The program pantala, as it is started here.
 *
 * @param command that runs it; arguments follow
 * @param description for people
 */
public record Installation(List<String> command, String description) {
    public Installation {
        command = List.copyOf(command);
    }

    /** A distribution, unpacked into a directory of its own. */
    public static Installation unpack(Path archive, Path into) throws RigException, IOException, InterruptedException {
        Tools.run(List.of(
                Tools.path("tar"), "--extract", "--file=" + archive, "--directory=" + into, "--strip-components=1"));
        return new Installation(
                List.of(into.resolve("bin/pantala").toString()), "the distribution " + archive.getFileName());
    }

    /** What this program itself was started with, by the same Java: slower to start, and larger. */
    public static Installation onClassPath() {
        return new Installation(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx96m",
                        "-XX:MaxDirectMemorySize=64m",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.pantala.proxy.cli.Pantala"),
                "the classes of this checkout");
    }
}
