package io.pantala.seed.schedule;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A host or a seed, as its conductor knows it. */
public final class Member {
    final Zone zone;
    final boolean seed;
    final Rate up = new Rate();
    final Rate down = new Rate();

    /** Its share in each swarm, and those of them in swarms where somebody wants something. */
    final List<Part> parts = new ArrayList<>();

    final List<Part> live = new ArrayList<>();

    /** Orders that name it as their source. */
    final List<Task> serving = new ArrayList<>();

    /** Sources that have failed it, and until when they are avoided. */
    final Map<Member, Long> avoided = HashMap.newHashMap(0);

    /** Receivers that it has failed lately, and when. */
    final Map<Member, Long> complaints = HashMap.newHashMap(0);

    /** Orders that it is to carry out, in all swarms. */
    int receiving;

    /** How many of those are late, and to be had elsewhere too. */
    int late;

    /** How many of those are for blocks that their sources are just receiving. */
    int relayed;

    /** When it may be asked to pass on what it is just receiving. */
    long relaysFrom = Long.MIN_VALUE;

    /** The share that was last looked for: with most members it is the next one, too. */
    @Nullable
    Part latest;

    /** Control delay in parts of the time of a transfer: what more must be ordered so that no link waits. */
    double lag;

    /** Whether it is left alone as a source, until when, and how often it has been. */
    boolean suspended;

    long suspendedUntil;
    int suspensions;

    boolean gone;

    Member(Zone zone, boolean seed) {
        this.zone = zone;
        this.seed = seed;
    }

    /** Where it is. */
    public Zone zone() {
        return zone;
    }

    /** What its link is seen to carry to others, in bytes per second; 0 while nothing is known. */
    public long uploadRate() {
        return up.bytesPerSecond();
    }

    /** The same from others. */
    public long downloadRate() {
        return down.bytesPerSecond();
    }

    /** Blocks that it is to send now. */
    public int sending() {
        return serving.size();
    }

    /** Blocks that it is to receive now. */
    public int receiving() {
        return receiving;
    }
}
