package io.pantala.transport.block;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which block is asked for: {@code /pantala/v1/blobs/<digest>/blocks/<index>?upstream=<name>}.
 *
 * @param relayed whether one that is just being received is wanted too, as it comes: {@code &relayed=true}
 */
record BlockRequest(BlobKey key, int index, boolean relayed) {
    private static final Pattern PATH = Pattern.compile("/pantala/v1/blobs/(sha256:[0-9a-f]{64})/blocks/([0-9]{1,9})");

    /** Reads a request's path and its decoded parameters. Empty: it is not one. */
    static Optional<BlockRequest> parse(String path, @Nullable String upstream, @Nullable String relayed) {
        Matcher matcher = PATH.matcher(path);
        if (upstream == null || !matcher.matches()) {
            return Optional.empty();
        }
        try {
            BlobKey key = new BlobKey(new UpstreamName(upstream), Digest.parse(matcher.group(1)));
            return Optional.of(
                    new BlockRequest(key, Integer.parseInt(matcher.group(2)), Boolean.parseBoolean(relayed)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    String target() {
        return "/pantala/v1/blobs/" + key.digest() + "/blocks/" + index + "?upstream="
                + URLEncoder.encode(key.upstream().value(), StandardCharsets.UTF_8) + (relayed ? "&relayed=true" : "");
    }
}
