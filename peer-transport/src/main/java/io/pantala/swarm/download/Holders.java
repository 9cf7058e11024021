package io.pantala.swarm.download;

import io.pantala.manifest.BlockSet;
import io.pantala.swarm.download.SwarmListener.Trouble;
import io.pantala.transport.NodeAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/** The hosts that were named as sources of one blob: whom to ask when no seed can be. Owned by one thread. */
final class Holders {
    private static final int MOST = 64;

    private final int blocks;

    /** What each is known to lack. The one asked last is the last. */
    private final SequencedMap<NodeAddress, BlockSet> lacking = new LinkedHashMap<>();

    Holders(int blocks) {
        this.blocks = blocks;
    }

    /** This host was named as a source. */
    void add(NodeAddress host) {
        if (lacking.size() < MOST) {
            lacking.computeIfAbsent(host, _ -> new BlockSet(blocks));
        }
    }

    /** It did not give a block: it lacks that one, or can't be relied on and is asked no more. */
    void failed(NodeAddress host, int block, Trouble trouble) {
        BlockSet lacks = lacking.get(host);
        if (lacks != null && trouble == Trouble.NOT_HELD) {
            lacks.add(block);
        } else {
            lacking.remove(host);
        }
    }

    /** One that may have this block; each in turn. */
    Optional<NodeAddress> next(int block) {
        Optional<NodeAddress> next = lacking.entrySet().stream()
                .filter(each -> !each.getValue().contains(block))
                .map(Map.Entry::getKey)
                .findFirst();
        next.ifPresent(host -> lacking.putLast(host, lacking.get(host)));
        return next;
    }
}
