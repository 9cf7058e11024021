package io.pantala.seed.schedule;

import io.pantala.manifest.BlockLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The members that want or hold one blob, as their conductor knows them. */
public final class Swarm {
    private final BlockLayout layout;
    private final int blocks;
    private final int crossings;
    private final List<Locality> localities = new ArrayList<>();
    private final Map<String, Copies> regions = new HashMap<>();
    private final Copies copies;
    private final Map<Member, Part> parts = new LinkedHashMap<>();

    /** How many want blocks. */
    int wanting;

    /** How often the seed has sent a block that no host had, and one that a host had. */
    int firsts;

    int repeats;

    /** Whether a zone has lost its last copy of something since somebody looked. */
    boolean lost;

    /** @param crossings blocks on their way into a zone at first */
    Swarm(BlockLayout layout, int crossings) {
        this.layout = layout;
        this.blocks = layout.count();
        this.crossings = crossings;
        this.copies = new Copies(blocks);
    }

    /** How many blocks the blob has. */
    public int blocks() {
        return blocks;
    }

    /** How its blob is cut. */
    public BlockLayout layout() {
        return layout;
    }

    /** What each member has of it now, in the order in which they came; the seed too. */
    public List<Share> shares() {
        return parts.values().stream()
                .map(part -> new Share(
                        part.member,
                        part.heldCount,
                        part.wants,
                        part.tasks.stream()
                                .map(task -> new Share.Incoming(task.block, task.from.member))
                                .toList()))
                .toList();
    }

    /** How often its seed was to send a block that no host had. */
    public int firsts() {
        return firsts;
    }

    /** How often its seed was to send a block that a host had. */
    public int repeats() {
        return repeats;
    }

    List<Locality> localities() {
        return localities;
    }

    /** In the order in which they came. */
    List<Part> parts() {
        return List.copyOf(parts.values());
    }

    /** Copies that hosts have or will have. */
    Copies copies() {
        return copies;
    }

    /** A member's share; null when it has none. */
    @Nullable
    Part find(Member member) {
        Part latest = member.latest;
        if (latest == null || latest.swarm != this) {
            latest = parts.get(member);
            member.latest = latest;
        }
        return latest;
    }

    /** A member's share, new if it had none. */
    Part join(Member member) {
        Part there = find(member);
        if (there != null) {
            return there;
        }
        Part part = new Part(member, this, locality(member.zone));
        parts.put(member, part);
        member.parts.add(part);
        if (wanting > 0) {
            member.live.add(part);
        }
        return part;
    }

    private Locality locality(Zone zone) {
        for (Locality locality : localities) {
            if (locality.zone.sameZone(zone)) {
                return locality;
            }
        }
        Copies region = regions.computeIfAbsent(zone.region(), _ -> new Copies(blocks));
        Locality locality = new Locality(zone, this, region, crossings);
        localities.add(locality);
        return locality;
    }

    /** A member has no share any more. It wants nothing, and nothing is on its way to it. */
    void leave(Part part) {
        for (int block = 0; block < blocks; block++) {
            part.unhold(block);
        }
        parts.remove(part.member);
        part.member.parts.remove(part);
        part.member.live.remove(part);
        part.member.latest = null;
        part.left = true;
    }
}
