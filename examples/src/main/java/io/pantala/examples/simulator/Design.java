package io.pantala.examples.simulator;

/** Who decides which block is fetched from whom: told what happens where it happens, at the time when it does. */
interface Design {
    /** Transfers that a host carries on at once, each way; what is beyond waits. */
    int downloads();

    int uploads();

    /** The seed has got a block from the registry. */
    void seeded(int block);

    void arrived(Host host);

    /** A fetch has brought a block. */
    void fetched(Fetch fetch);

    /** A fetch takes longer than others, and goes on. */
    void late(Fetch fetch);

    /** A fetch has brought nothing: its source was gone. */
    void failed(Fetch fetch);

    /** A host is gone for good. */
    void left(Host host);

    /** What it cost until now. */
    Cost cost();

    /**
     * What deciding costs.
     *
     * @param cpuNanos that the seed's decisions took
     * @param decisions of the seed
     * @param messages to and from the seed
     */
    record Cost(long cpuNanos, long decisions, long messages) {}
}
