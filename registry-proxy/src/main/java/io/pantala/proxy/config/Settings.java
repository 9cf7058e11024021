package io.pantala.proxy.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** All that a user has set, flags before environment before file, with the defaults behind. */
public final class Settings {
    private static final String OWN_VARIABLES = "PANTALA_";
    private static final String FILE_VARIABLE = "PANTALA_CONFIG";

    /** What commands show a seed's API; no setting of a node. */
    public static final String API_TOKEN_VARIABLE = "PANTALA_API_TOKEN";

    /** The launcher's, not ours. */
    private static final String JAVA_OPTIONS = "PANTALA_JAVA_OPTS";

    private static final Set<String> NO_SETTINGS = Set.of(FILE_VARIABLE, JAVA_OPTIONS, API_TOKEN_VARIABLE);

    /** What Kubernetes sets in every container beside a Service called pantala or pantala-something. */
    private static final Pattern SERVICE_LINK = Pattern.compile(
            "PANTALA(_.*)?_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)");

    private final Map<String, Setting> byPath;
    private final Map<String, String> environment;

    private Settings(Map<String, Setting> byPath, Map<String, String> environment) {
        this.byPath = byPath;
        this.environment = environment;
    }

    /**
     * Reads and merges.
     *
     * @param file what {@code --config} names; null without
     * @param flags each time a flag was given, its value
     * @throws ConfigException on what is unknown, not supported yet, set twice or not readable
     */
    public static Settings read(@Nullable Path file, Map<Key, List<String>> flags, Map<String, String> environment) {
        Map<String, Setting> merged = new TreeMap<>();
        Consumer<Setting> keep = setting -> merged.put(setting.path(), setting);
        String fileVariable = environment.get(FILE_VARIABLE);
        if (file != null) {
            ConfigFile.read(file).forEach(keep);
        } else if (fileVariable != null) {
            ConfigFile.read(Path.of(fileVariable)).forEach(keep);
        }
        fromEnvironment(environment).forEach(keep);
        fromFlags(flags).forEach(keep);
        return new Settings(merged, environment);
    }

    /** What a key is set to; empty when it is not and has no default. */
    Optional<Setting> find(Key key) {
        Setting set = byPath.get(key.path());
        if (set == null && key.preset() != null) {
            set = new Setting(key.path(), List.of(key.preset()), new Origin.Default());
        }
        return Optional.ofNullable(set);
    }

    /** What a key with a default is set to. */
    Setting get(Key key) {
        return find(key).orElseThrow();
    }

    /** What a key is set to for each upstream, by the name of the upstream. */
    Map<String, Setting> perUpstream(Key key) {
        Map<String, Setting> found = new TreeMap<>();
        for (Setting setting : byPath.values()) {
            if (Key.atPath(setting.path()).orElseThrow() == key) {
                found.put(key.upstreamIn(setting.path()), setting);
            }
        }
        return found;
    }

    Map<String, String> environment() {
        return environment;
    }

    private static List<Setting> fromEnvironment(Map<String, String> environment) {
        List<Setting> found = new ArrayList<>();
        new TreeMap<>(environment).forEach((name, value) -> {
            if (!name.startsWith(OWN_VARIABLES) || NO_SETTINGS.contains(name)) {
                return;
            }
            Optional<Key> key = Key.ofVariable(name);
            if (key.isPresent()) {
                add(found, key.get(), List.of(value), new Origin.Variable(name));
            } else if (!SERVICE_LINK.matcher(name).matches()) {
                throw new ConfigException("unknown environment variable " + name + "; the nearest known one is "
                        + Key.nearestVariable(name));
            }
        });
        return found;
    }

    private static List<Setting> fromFlags(Map<Key, List<String>> flags) {
        List<Setting> found = new ArrayList<>();
        flags.forEach((key, values) -> add(found, key, values, new Origin.Flag(key.flag())));
        return found;
    }

    private static void add(List<Setting> found, Key key, List<String> values, Origin origin) {
        if (key.isPerUpstream()) {
            for (String pair : split(values)) {
                int equals = pair.indexOf('=');
                if (equals < 1) {
                    throw new Setting(key.path(), List.of(pair), origin).wrong(pair, "must read " + key.syntax());
                }
                Setting setting = new Setting(
                        key.pathFor(pair.substring(0, equals)), List.of(pair.substring(equals + 1)), origin);
                if (found.stream().anyMatch(other -> other.path().equals(setting.path()))) {
                    throw new ConfigException(setting.path() + " (" + origin + "): set twice");
                }
                found.add(setting);
            }
        } else {
            found.add(new Setting(key.path(), key.isList() ? split(values) : values, origin));
        }
    }

    /** A list is separated by commas, repeated, or both. */
    static List<String> split(List<String> values) {
        return values.stream()
                .flatMap(value -> Arrays.stream(value.split(",")))
                .map(String::strip)
                .filter(value -> !value.isEmpty())
                .toList();
    }
}
