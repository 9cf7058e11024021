package io.pantala.proxy.notes;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.link.LinkClient;
import java.io.IOException;
import java.util.Optional;

/** Takes one message to a seed, and brings its answer. */
@FunctionalInterface
public interface SeedNotes {
    /** Waits for seconds at most. */
    byte[] exchange(NodeAddress seed, byte[] message) throws IOException;

    /**
     * Over the links of a cluster.
     *
     * @param path one of {@link NotesApi}
     */
    static SeedNotes over(LinkClient client, String path) {
        return (seed, message) -> {
            LinkClient.Answer answer = client.post(seed, path, Optional.empty(), message);
            if (answer.status() != 200) {
                throw new IOException("the seed answers with status " + answer.status());
            }
            return answer.body();
        };
    }
}
