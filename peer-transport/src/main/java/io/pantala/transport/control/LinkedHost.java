package io.pantala.transport.control;

import io.pantala.transport.NodeAddress;
import java.time.Instant;
import java.util.Optional;

/**
 * A host that is linked to a seed.
 *
 * @param node what it calls itself
 * @param remote where it has dialled from
 * @param peer where other hosts can fetch blocks from it
 * @param software its program and version
 * @param since when it was linked, by the seed's clock
 * @param certified whether it has shown a certificate of that name
 */
public record LinkedHost(
        String node, String remote, Optional<NodeAddress> peer, String software, Instant since, boolean certified) {}
