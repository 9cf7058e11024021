package io.pantala.proxy.config;

import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * What one key was set to, and where.
 *
 * @param path the key as in the file, with the name of the upstream where it has one
 */
record Setting(String path, List<String> values, Origin origin) {
    private static final Pattern USER_INFO = Pattern.compile("//[^/]*@");
    private static final int LONGEST_SHOWN = 120;

    Setting {
        values = List.copyOf(values);
    }

    /** Reads the one value; a parser says what it allows by an IllegalArgumentException. */
    <T> T parse(Function<String, T> parser) {
        if (values.size() != 1) {
            throw new ConfigException(
                    path + " (" + origin + "): takes one value, not " + (values.isEmpty() ? "none" : values.size()));
        }
        return parse(values.getFirst(), parser);
    }

    <T> List<T> parseEach(Function<String, T> parser) {
        return values.stream().map(value -> parse(value, parser)).toList();
    }

    ConfigException wrong(String value, String why) {
        boolean secret = Key.atPath(path).filter(Key::isSecret).isPresent();
        return new ConfigException(path + (secret ? "" : " = " + shown(value)) + " (" + origin + "): " + why);
    }

    private <T> T parse(String value, Function<String, T> parser) {
        try {
            return parser.apply(value);
        } catch (IllegalArgumentException e) {
            throw wrong(value, String.valueOf(e.getMessage()));
        }
    }

    /** In quotes, on one line, without the password that somebody put into a URL. */
    private static String shown(String value) {
        String masked = USER_INFO.matcher(value).replaceAll("//***@").replaceAll("\\p{Cntrl}", "?");
        String cut = masked.length() <= LONGEST_SHOWN ? masked : masked.substring(0, LONGEST_SHOWN) + "...";
        return '"' + cut + '"';
    }
}
