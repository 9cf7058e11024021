package io.pantala.seed.schedule;

import io.pantala.manifest.BlockLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The members that want or hold one blob, as their conductor knows them. */
public final class Swarm {
    private final int blocks;
    private final int blockSize;
    private final List<Locality> localities = new ArrayList<>();
    private final Map<String, int[]> regions = new HashMap<>();
    private final int[] copies;
    private final List<Part> parts = new ArrayList<>();

    /** How often the seed has sent a block that no host had, and one that a host had. */
    int firsts;

    int repeats;

    Swarm(BlockLayout layout) {
        this.blocks = layout.count();
        this.blockSize = layout.blockSize();
        this.copies = new int[blocks];
    }

    /** How many blocks the blob has. */
    public int blocks() {
        return blocks;
    }

    int blockSize() {
        return blockSize;
    }

    int words() {
        return (blocks + 63) >> 6;
    }

    List<Locality> localities() {
        return localities;
    }

    List<Part> parts() {
        return parts;
    }

    /** A member's share; null when it has none. */
    @Nullable
    Part find(Member member) {
        for (Part part : member.parts) {
            if (part.swarm == this) {
                return part;
            }
        }
        return null;
    }

    /** A member's share, new if it had none. */
    Part join(Member member, int crossings) {
        Part there = find(member);
        if (there != null) {
            return there;
        }
        Part part = new Part(member, this, locality(member.zone, crossings));
        member.parts.add(part);
        parts.add(part);
        return part;
    }

    private Locality locality(Zone zone, int crossings) {
        for (Locality locality : localities) {
            if (locality.zone.sameZone(zone)) {
                return locality;
            }
        }
        Locality locality =
                new Locality(zone, regions.computeIfAbsent(zone.region(), _ -> new int[blocks]), copies, crossings);
        localities.add(locality);
        return locality;
    }

    void leave(Part part) {
        for (int block = 0; block < blocks; block++) {
            part.unhold(block);
        }
        part.member.parts.remove(part);
        parts.remove(part);
    }
}
