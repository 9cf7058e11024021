package io.pantala.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How {@code pantala} is started as a process, from what was compiled. */
final class Program {
    private Program() {}

    static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                "io.pantala.proxy.cli.Pantala"));
        command.addAll(List.of(arguments));
        return command;
    }
}
