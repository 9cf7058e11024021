package io.pantala.seed.schedule;

import java.util.Objects;

/**
 * Where a member is, coarse to fine: {@code region/zone/rack}. A block crosses the border of a region or a zone about
 * once; inside a zone, the same rack is preferred.
 *
 * @param region empty when none is named, like the others
 */
public record Zone(String region, String zone, String rack) {
    /** Of members that name none: they are all in one. */
    public static final Zone NONE = new Zone("", "", "");

    private static final int LONGEST = 128;

    public Zone {
        Objects.requireNonNull(region);
        Objects.requireNonNull(zone);
        Objects.requireNonNull(rack);
    }

    /** Reads {@code region}, {@code region/zone} or {@code region/zone/rack}; blank is {@link #NONE}. */
    public static Zone parse(String text) {
        String[] parts = text.strip().split("/", -1);
        if (text.length() > LONGEST || parts.length > 3) {
            throw new IllegalArgumentException("must read region/zone/rack, such as eu-west/a/17");
        }
        if (text.isBlank()) {
            return NONE;
        }
        for (String part : parts) {
            if (!part.matches("[A-Za-z0-9._-]+")) {
                throw new IllegalArgumentException(
                        "must read region/zone/rack, each of letters, digits, dots, dashes and underscores");
            }
        }
        return new Zone(parts[0], parts.length > 1 ? parts[1] : "", parts.length > 2 ? parts[2] : "");
    }

    boolean sameRegion(Zone other) {
        return region.equals(other.region);
    }

    boolean sameZone(Zone other) {
        return sameRegion(other) && zone.equals(other.zone);
    }

    /** How many borders lie between here and there, of racks, zones and regions. */
    public int borders(Zone there) {
        return sameZone(there) ? rack.equals(there.rack) ? 0 : 1 : sameRegion(there) ? 2 : 3;
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return rack.isEmpty() ? zone.isEmpty() ? region : region + "/" + zone : region + "/" + zone + "/" + rack;
    }
}
