package io.pantala.manifest;

import java.util.regex.Pattern;

/**
 * The name of a repository within one registry, such as {@code library/nginx} (distribution-spec, Pulling manifests).
 *
 * @param value at most 255 characters, path components of lower-case letters, digits and separators
 */
public record RepositoryName(String value) {
    private static final Pattern NAME =
            Pattern.compile("[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*");
    private static final int LONGEST = 255;

    public RepositoryName {
        if (value.length() > LONGEST || !NAME.matcher(value).matches()) {
            throw new IllegalArgumentException("not a repository name: at most " + LONGEST
                    + " characters, lower-case letters and digits separated by '.', '_', '__', '-' or '/'");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
