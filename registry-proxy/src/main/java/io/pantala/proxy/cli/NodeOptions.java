package io.pantala.proxy.cli;

import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The flags of a node's command, made from the keys, so that no flag can lack its key. */
final class NodeOptions {
    static final String FOOTER =
            "%nEach setting is a key of the file (in brackets), a flag, and an environment variable:"
                    + " seed.listen, --seed-listen, PANTALA_SEED_LISTEN. Flags win over environment, environment over file.";

    private static final String FILE = "--config";

    private NodeOptions() {}

    static void addTo(CommandSpec command, Key.Use role) {
        addTo(command, key -> key.isFor(role));
    }

    /** Those of other keys are understood, and not shown. */
    static void addTo(CommandSpec command, Predicate<Key> shown) {
        command.mixinStandardHelpOptions(true);
        command.addOption(OptionSpec.builder(FILE)
                .paramLabel("FILE")
                .type(Path.class)
                .description("the settings below as YAML, nested at each dot")
                .build());
        for (Key key : Key.values()) {
            command.addOption(OptionSpec.builder(key.flag())
                    .paramLabel(key.syntax())
                    .type(List.class)
                    .auxiliaryTypes(String.class)
                    .arity("1")
                    .hidden(!shown.test(key))
                    .description(describe(key))
                    .build());
        }
    }

    static Settings read(ParseResult parsed, Map<String, String> environment) {
        Map<Key, List<String>> flags = new EnumMap<>(Key.class);
        for (Key key : Key.values()) {
            List<String> values = parsed.matchedOptionValue(key.flag(), List.of());
            if (!values.isEmpty()) {
                flags.put(key, values);
            }
        }
        return Settings.read(parsed.matchedOptionValue(FILE, (Path) null), flags, environment);
    }

    private static String[] describe(Key key) {
        List<String> lines = new ArrayList<>(List.of(key.meaning()));
        lines.add("(" + key.path() + (key.preset() == null ? "" : "; default " + key.preset()) + ")");
        return lines.toArray(String[]::new);
    }
}
