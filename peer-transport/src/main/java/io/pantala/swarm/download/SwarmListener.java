package io.pantala.swarm.download;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.LinkListener;
import java.time.Duration;

/** What a host's downloads and links tell. Called on whichever thread caused it; must be quick and not block. */
public interface SwarmListener extends LinkListener {
    SwarmListener NONE = new SwarmListener() {};

    /** What kind of node a block came from. */
    enum Source {
        SEED,
        PEER
    }

    /** Why a block was fetched from where it was. */
    enum Cause {
        /** The seed has said so, of a host. */
        ORDERED,
        /** The seed sends it itself: no host had it to pass on. */
        FIRST,
        /** The seed sends it itself: of the hosts looked at that had it, or were about to, none was less busy. */
        HOSTS_BUSY,
        /** The seed sends it itself: the hosts that had it have failed this one lately, or were late. */
        HOSTS_AVOIDED,
        /** The seed sends it itself: no host of this one's zone had it. */
        HOSTS_AWAY,
        /** The seed sends it itself although hosts had it, for a reason of its own. */
        REPEATED,
        /** The seed gave no order for long: the host helped itself. */
        FORGOTTEN,
        /** There was no link to the seed: the host helped itself from another that had been a source. */
        SEED_LOST
    }

    /** Why a block did not come. */
    enum Trouble {
        /** Its bytes came, and their hash is another. */
        CORRUPT,
        NOT_HELD,
        /** The node answered with an unexpected status. */
        REFUSED,
        TIMED_OUT,
        /** The node was not reached, cut the transfer short, or sent no block. */
        BROKEN,
        /** It could not be written here. */
        DISK
    }

    /** A download has begun; others join it. */
    default void started(BlobKey key, String requestId) {}

    /** A block is held. */
    default void blockReceived(
            BlobKey key, int index, Source source, NodeAddress from, long bytes, Duration took, Cause cause) {}

    /** A block did not come from there. It is asked for again. */
    default void blockRefused(BlobKey key, int index, Source source, NodeAddress from, Trouble trouble) {}

    /** A block takes much longer than others did. It goes on, and the seed may have it fetched elsewhere too. */
    default void blockLate(BlobKey key, int index, Source source, NodeAddress from) {}

    /**
     * A seed was given up for this blob and the next one asked.
     *
     * @param why for people
     */
    default void seedPassedOver(BlobKey key, NodeAddress seed, String why) {}

    /**
     * No seed helps; whoever asked goes on without.
     *
     * @param why for people
     */
    default void unavailable(BlobKey key, String why) {}

    /** The blob is complete. */
    default void sealed(BlobKey key, long bytes, Duration took) {}

    /**
     * The download ended before its end, everything held so far kept.
     *
     * @param why for people
     */
    default void interrupted(BlobKey key, String why) {}

    /** Nobody can join the download any more, however it ended; whoever comes from now on starts another. */
    default void ended(BlobKey key) {}

    /** The blob that this seed vouched for is another. It was dropped. */
    default void mismatch(BlobKey key, NodeAddress seed, Digest got) {}
}
