package io.pantala.manifest;

import java.util.regex.Pattern;

/** What names a manifest within a repository: a tag or a digest. */
public sealed interface Reference {

    /** Reads a reference: what has a colon is a digest, the rest a tag. */
    static Reference parse(String text) {
        return text.indexOf(':') >= 0 ? new ByDigest(Digest.parse(text)) : new ByTag(text);
    }

    /** A tag, such as {@code latest}. */
    record ByTag(String tag) implements Reference {
        private static final Pattern TAG = Pattern.compile("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}");

        public ByTag {
            if (!TAG.matcher(tag).matches()) {
                throw new IllegalArgumentException(
                        "not a tag: at most 128 letters, digits, '.', '_' and '-', not starting with '.' or '-'");
            }
        }

        @Override
        public String toString() {
            return tag;
        }
    }

    /** The digest of the manifest itself. */
    record ByDigest(Digest digest) implements Reference {
        @Override
        public String toString() {
            return digest.toString();
        }
    }
}
