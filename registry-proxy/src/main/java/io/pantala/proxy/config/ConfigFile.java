package io.pantala.proxy.config;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/** Reads {@code pantala.yaml} as a tree with the line of each key, values as they are written. */
final class ConfigFile {
    private static final long LARGEST = 1 << 20;
    private static final int DEEPEST = 3;

    private final Path file;
    private final Map<String, Setting> found = new LinkedHashMap<>();

    private ConfigFile(Path file) {
        this.file = file;
    }

    static Collection<Setting> read(Path file) {
        ConfigFile reading = new ConfigFile(file);
        Node root = reading.parse(reading.text());
        if (root != null && !isNull(root)) {
            reading.walk("", root, 1);
        }
        return reading.found.values();
    }

    private String text() {
        try {
            if (Files.isRegularFile(file) && Files.size(file) > LARGEST) {
                throw new ConfigException("--config " + file + ": larger than " + LARGEST + " bytes");
            }
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new ConfigException("--config " + file + ": no such file");
        } catch (CharacterCodingException e) {
            throw new ConfigException("--config " + file + ": not a text in UTF-8");
        } catch (IOException e) {
            throw new ConfigException("--config " + file + ": can't be read: " + e.getMessage());
        }
    }

    private @Nullable Node parse(String text) {
        try {
            return new Yaml(new LoaderOptions()).compose(new StringReader(text));
        } catch (MarkedYAMLException e) {
            int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
            throw new ConfigException(file + ":" + line + ": not YAML: " + e.getProblem());
        } catch (YAMLException e) {
            throw new ConfigException(file + ": not YAML: " + firstLine(e));
        }
    }

    private void walk(String path, Node node, int depth) {
        if (!(node instanceof MappingNode mapping)) {
            throw new ConfigException(line(node) + ": " + (path.isEmpty() ? "the file" : path) + " must hold keys");
        }
        for (NodeTuple entry : mapping.getValue()) {
            String name = entry.getKeyNode() instanceof ScalarNode key ? key.getValue() : "?";
            String below = path.isEmpty() ? name : path + "." + name;
            Origin origin = line(entry.getKeyNode());
            Optional<Key> known = Key.atPath(below);
            if (known.isPresent()) {
                add(new Setting(below, values(known.get(), below, entry.getValueNode()), origin));
            } else if (Key.isPrefix(below) && depth < DEEPEST) {
                walk(below, entry.getValueNode(), depth + 1);
            } else {
                throw new ConfigException(
                        origin + ": unknown key " + below + "; the nearest known one is " + Key.nearestPath(below));
            }
        }
    }

    private void add(Setting setting) {
        Setting before = found.putIfAbsent(setting.path(), setting);
        if (before != null) {
            throw new ConfigException(
                    setting.origin() + ": " + setting.path() + " is already set in " + before.origin());
        }
    }

    private List<String> values(Key key, String path, Node node) {
        return switch (node) {
            case ScalarNode scalar
            when isNull(scalar) -> throw new ConfigException(line(node) + ": " + path + " has no value");
            case ScalarNode scalar ->
                key.isList() ? Settings.split(List.of(scalar.getValue())) : List.of(scalar.getValue());
            case SequenceNode sequence
            when key.isList() ->
                sequence.getValue().stream()
                        .flatMap(each -> values(key, path, each).stream())
                        .toList();
            default -> throw new ConfigException(line(node) + ": " + path + " must read " + key.syntax());
        };
    }

    private static boolean isNull(Node node) {
        return Tag.NULL.equals(node.getTag());
    }

    private static String firstLine(YAMLException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private Origin line(Node node) {
        return new Origin.Line(file, node.getStartMark().getLine() + 1);
    }
}
