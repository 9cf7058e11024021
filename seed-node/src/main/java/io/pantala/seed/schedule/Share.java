package io.pantala.seed.schedule;

import java.util.List;

/**
 * What a member has of a swarm's blob at one moment.
 *
 * @param held blocks
 * @param wants whether it wants all of them
 * @param incoming what it is to fetch now
 */
public record Share(Member member, int held, boolean wants, List<Incoming> incoming) {
    public Share {
        incoming = List.copyOf(incoming);
    }

    /** An order under way. */
    public record Incoming(int block, Member from) {}
}
