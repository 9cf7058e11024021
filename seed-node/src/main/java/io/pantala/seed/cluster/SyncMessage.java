package io.pantala.seed.cluster;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What seeds tell one another.
 *
 * @param time what the sender's clock shows, in milliseconds since 1970
 * @param digest of what the sender knows
 * @param state what the sender knows; null where the receiver knows the same, or didn't ask
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
record SyncMessage(
        String seed, long time, String digest, @Nullable ClusterState state) {
    private static final ObjectMapper JSON = new ObjectMapper();

    byte[] write() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JacksonException e) {
            throw new IllegalStateException("a state can always be written", e);
        }
    }

    static SyncMessage read(byte[] json) throws IOException {
        try {
            SyncMessage read = JSON.readValue(json, SyncMessage.class);
            if (read.seed != null && read.digest != null) {
                return read;
            }
        } catch (JacksonException e) {
            throw new IOException("not what seeds tell one another: " + e.getOriginalMessage(), e);
        }
        throw new IOException("not what seeds tell one another");
    }
}
