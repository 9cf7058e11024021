package io.pantala.proxy.config;

import java.util.regex.Pattern;

/**
 * How many bytes of blobs a node moves per second at most; {@link Long#MAX_VALUE}: as many as it can.
 *
 * @param upload to other nodes
 * @param download from other nodes and from registries
 * @param origin from each registry
 */
public record Rates(long upload, long download, long origin) {
    /** No limits. */
    public static final Rates NONE = new Rates(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE);

    /** Below it, transfers would count as standing still. */
    private static final long LEAST = 128_000;

    private static final Pattern PER_SECOND = Pattern.compile(" ?/ ?s$");

    static Rates read(Settings settings) {
        return new Rates(
                read(settings, Key.LIMIT_UPLOAD), read(settings, Key.LIMIT_DOWNLOAD), read(settings, Key.LIMIT_ORIGIN));
    }

    private static long read(Settings settings, Key key) {
        return settings.find(key).map(set -> set.parse(Rates::parse)).orElse(Long.MAX_VALUE);
    }

    private static long parse(String text) {
        long bytes = ByteSize.parse(PER_SECOND.matcher(text.strip()).replaceFirst(""))
                .bytes();
        if (bytes < LEAST) {
            throw new IllegalArgumentException("must be at least 128kB a second");
        }
        return bytes;
    }
}
