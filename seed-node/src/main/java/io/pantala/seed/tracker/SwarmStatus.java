package io.pantala.seed.tracker;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.transport.NodeAddress;
import java.util.List;
import java.util.Optional;

/**
 * A blob that hosts take from a seed and one another, at one moment.
 *
 * @param held blocks that the seed holds
 * @param firsts blocks that the seed was to send to hosts while no host had them
 * @param repeats those that it was to send again
 * @param hosts that hold something of it, or want it
 */
public record SwarmStatus(
        BlobKey key, BlockLayout layout, int held, long firsts, long repeats, List<HostStatus> hosts) {
    public SwarmStatus {
        hosts = List.copyOf(hosts);
    }

    /**
     * One host's part.
     *
     * @param node what the host calls itself
     * @param peer where others fetch blocks from it
     * @param zone where it is; empty: nobody knows
     * @param held blocks
     * @param wants whether it wants all of them
     * @param upload what its link is seen to carry, in bytes per second, of all blobs; 0: not known
     * @param download the same the other way
     * @param incoming blocks on their way to it
     */
    public record HostStatus(
            String node,
            Optional<NodeAddress> peer,
            String zone,
            int held,
            boolean wants,
            long upload,
            long download,
            List<Transfer> incoming) {
        public HostStatus {
            incoming = List.copyOf(incoming);
        }
    }

    /**
     * A block on its way.
     *
     * @param from the node that sends it; empty: the seed
     */
    public record Transfer(int block, Optional<String> from) {}
}
