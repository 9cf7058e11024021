package io.pantala.proxy.node;

import io.pantala.transport.NodeAddress;
import java.util.Map;

/** A running host proxy or seed. Any number of them run in one process. */
public sealed interface Node extends AutoCloseable permits Host, Seed {
    /** Where it listens, by the key that says so. */
    Map<String, NodeAddress> addresses();

    /**
     * Takes no new work and is ready no more; waits for the responses under way to end, as long as its config says.
     */
    void drain();

    /** Ends at once what is still running. */
    @Override
    void close();
}
