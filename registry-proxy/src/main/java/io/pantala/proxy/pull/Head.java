package io.pantala.proxy.pull;

import io.pantala.manifest.Digest;
import io.pantala.registry.UpstreamException;
import java.util.List;
import java.util.Map;

/** What an upstream says of a manifest. */
sealed interface Head {
    /**
     * It has it, and gives it to who asked.
     *
     * @param headers of its answer, without those of the connection
     * @param length of the manifest in bytes
     */
    record Found(Digest digest, String mediaType, long length, List<Map.Entry<String, String>> headers)
            implements Head {}

    /** It says something else, or doesn't say enough. */
    record Other(int status, List<Map.Entry<String, String>> headers) implements Head {}

    /** It can't be asked. */
    record Unreachable(UpstreamException why) implements Head {}

    /** Whether the upstream has no answer to give just now. */
    default boolean isTrouble() {
        return switch (this) {
            case Found _ -> false;
            case Other other -> other.status == 429 || other.status >= 500;
            case Unreachable _ -> true;
        };
    }
}
