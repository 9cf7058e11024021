package io.pantala.proxy.setup;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** A TOML file as a text, with where its tables are. */
final class TomlText {
    private static final Pattern OPENING = Pattern.compile("=\\s*[\\[\"']");
    private static final Pattern HEADER = Pattern.compile("^[ \\t]*\\[", Pattern.MULTILINE);

    private final String path;
    private final String text;
    private final TomlParseResult root;

    private TomlText(String path, String text, TomlParseResult root) {
        this.path = path;
        this.text = text;
        this.root = root;
    }

    static TomlText parse(String path, String text) throws SetupException {
        TomlParseResult root = Toml.parse(text);
        if (root.hasErrors()) {
            TomlParseError first = root.errors().getFirst();
            throw new SetupException(
                    "%s:%d: not TOML: %s".formatted(path, first.position().line(), first.getMessage()));
        }
        return new TomlText(path, text, root);
    }

    /** The table at these names; empty if there is none. */
    Optional<TomlTable> table(List<String> names) {
        return root.get(names) instanceof TomlTable table ? Optional.of(table) : Optional.empty();
    }

    /** The tables of a list at the top; none if it isn't there. */
    List<TomlTable> tables(String name) {
        return tables(root, name);
    }

    static List<TomlTable> tables(TomlTable of, String name) {
        return of.get(List.of(name)) instanceof TomlArray array
                ? array.toList().stream()
                        .filter(TomlTable.class::isInstance)
                        .map(TomlTable.class::cast)
                        .toList()
                : List.of();
    }

    @Nullable
    Object get(List<String> names) {
        return root.get(names);
    }

    /** The text of a value; empty if there is none. */
    static String string(TomlTable table, String name) {
        return table.get(List.of(name)) instanceof String value ? value : "";
    }

    /** Adds tables at the end. */
    Insertion append(String tables) {
        String gap = text.isEmpty() || text.endsWith("\n\n") ? "" : text.endsWith("\n") ? "\n" : "\n\n";
        return new Insertion(text.length(), gap + tables);
    }

    /** Adds lines to a table, just below its header; at the end with a header, if it has none. */
    Insertion addTo(List<String> names, String lines, String header) {
        TomlPosition position = root.inputPositionOf(names);
        if (position == null || !isHeaderOf(names, position)) {
            return append(header + "\n" + lines);
        }
        int next = lineStart(position.line() + 1);
        return new Insertion(next, (text.substring(0, next).endsWith("\n") ? "" : "\n") + lines);
    }

    /** Where the line of a table's header starts, by its place in a list of tables. */
    int startOf(TomlArray tables, int index) {
        return lineStart(tables.inputPositionOf(index).line());
    }

    int startOf(List<String> names) {
        return lineStart(Objects.requireNonNull(root.inputPositionOf(names)).line());
    }

    /** Where the first line of a header at or after a place starts; the end, if none follows. */
    int nextHeader(int from) {
        Matcher header = HEADER.matcher(text);
        return from <= text.length() && header.find(from) ? header.start() : text.length();
    }

    /** Adds tables in front of the header that starts at a place, or at the end. */
    Insertion block(int at, String tables) {
        return at == text.length() ? append(tables) : new Insertion(at, tables + "\n");
    }

    /** Adds a text to the value of a key: as the first of a list, or into empty quotes. */
    Insertion insertIntoValue(List<String> names, String added) throws SetupException {
        int start = startOf(names);
        Matcher value = OPENING.matcher(text);
        if (!value.find(start)) {
            throw byHand(String.join(".", names), added);
        }
        return new Insertion(value.end(), added);
    }

    /** Makes sure that an edit does what it should and is still TOML. */
    void check(List<Insertion> insertions, Predicate<TomlText> done, String what) throws SetupException {
        TomlParseResult edited = Toml.parse(Insertion.apply(text, insertions));
        if (edited.hasErrors() || !done.test(new TomlText(path, Insertion.apply(text, insertions), edited))) {
            throw byHand("it is written in a way that", what);
        }
    }

    TomlArray array(String name) {
        return Objects.requireNonNull(root.getArray(List.of(name)));
    }

    SetupException wrong(String what) {
        return new SetupException(path + ": " + what);
    }

    private SetupException byHand(String where, String what) {
        return wrong(where + " can't be added to; add by hand: " + what.strip().replaceAll("\\s*\n\\s*", " | "));
    }

    private boolean isHeaderOf(List<String> names, TomlPosition position) {
        int start = lineStart(position.line());
        int next = lineStart(position.line() + 1);
        TomlParseResult line = Toml.parse(text.substring(start, next));
        return !line.hasErrors() && line.get(names) instanceof TomlTable alone && alone.isEmpty();
    }

    private int lineStart(int line) {
        int at = 0;
        for (int i = 1; i < line; i++) {
            int end = text.indexOf('\n', at);
            if (end < 0) {
                return text.length();
            }
            at = end + 1;
        }
        return at;
    }
}
