package io.pantala.registry;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One way a server offers to be convinced (RFC 9110, 11.3).
 *
 * @param scheme in lower case, such as {@code bearer}
 * @param parameters by lower-case name; of repeated ones the first; empty where the challenge carries a token68
 */
record Challenge(String scheme, Map<String, String> parameters) {
    Challenge {
        parameters = Map.copyOf(parameters);
    }

    /**
     * Reads the challenges of one {@code WWW-Authenticate} value, or of several joined by commas. What can't be read
     * ends the list: the challenges before it count.
     */
    static List<Challenge> parse(String header) {
        return new Parser(header).challenges();
    }

    /** A cursor over the header's value. */
    private static final class Parser {
        private final String text;
        private int at;

        Parser(String text) {
            this.text = text;
        }

        List<Challenge> challenges() {
            List<Challenge> found = new ArrayList<>();
            for (skipSeparators(); at < text.length(); skipSeparators()) {
                String scheme = token();
                if (scheme.isEmpty()) {
                    break;
                }
                found.add(new Challenge(scheme.toLowerCase(Locale.ROOT), parameters()));
            }
            return found;
        }

        private Map<String, String> parameters() {
            Map<String, String> read = new LinkedHashMap<>();
            skipSpaces();
            if (skipToken68()) {
                return read;
            }
            while (true) {
                skipSeparators();
                int start = at;
                String name = token();
                skipSpaces();
                if (name.isEmpty() || !skip('=')) {
                    at = start; // what follows is the next challenge's scheme, or nothing
                    return read;
                }
                skipSpaces();
                String value = at < text.length() && text.charAt(at) == '"' ? quoted() : token();
                read.putIfAbsent(name.toLowerCase(Locale.ROOT), value);
            }
        }

        /** A token68 stands alone after its scheme; anything else there is the first of the parameters. */
        private boolean skipToken68() {
            int end = at;
            while (end < text.length() && isToken68(text.charAt(end))) {
                end++;
            }
            while (end < text.length() && text.charAt(end) == '=') {
                end++;
            }
            int next = end;
            while (next < text.length() && isSpace(text.charAt(next))) {
                next++;
            }
            boolean alone = end > at && (next == text.length() || text.charAt(next) == ',');
            if (alone) {
                at = next;
            }
            return alone;
        }

        private String token() {
            int start = at;
            while (at < text.length() && isTokenCharacter(text.charAt(at))) {
                at++;
            }
            return text.substring(start, at);
        }

        private String quoted() {
            var value = new StringBuilder();
            for (at++; at < text.length() && text.charAt(at) != '"'; at++) {
                if (text.charAt(at) == '\\' && at + 1 < text.length()) {
                    at++;
                }
                value.append(text.charAt(at));
            }
            skip('"');
            return value.toString();
        }

        private boolean skip(char wanted) {
            boolean there = at < text.length() && text.charAt(at) == wanted;
            if (there) {
                at++;
            }
            return there;
        }

        private void skipSpaces() {
            while (at < text.length() && isSpace(text.charAt(at))) {
                at++;
            }
        }

        private void skipSeparators() {
            while (at < text.length() && (isSpace(text.charAt(at)) || text.charAt(at) == ',')) {
                at++;
            }
        }

        private static boolean isSpace(char c) {
            return c == ' ' || c == '\t';
        }

        private static boolean isTokenCharacter(char c) {
            return isLetterOrDigit(c) || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
        }

        private static boolean isToken68(char c) {
            return isLetterOrDigit(c) || "-._~+/".indexOf(c) >= 0;
        }

        private static boolean isLetterOrDigit(char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        }
    }
}
