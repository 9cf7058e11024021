package io.pantala.engine;

import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

/** The programs of this machine that tests drive. */
final class Programs {
    private Programs() {}

    /** Where a program is; the test that asks is skipped when it isn't installed. */
    static String find(String name) {
        Stream<String> path =
                Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":", -1));
        return Stream.concat(path, Stream.of("/usr/sbin", "/sbin"))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst()
                .map(Path::toString)
                .orElseGet(() -> abort(name + " is not installed"));
    }

    /** Skips the test that asks when it can't do what only root may. */
    static void needRoot() {
        if (!"root".equals(System.getProperty("user.name"))) {
            abort("only root can start this daemon");
        }
    }
}
