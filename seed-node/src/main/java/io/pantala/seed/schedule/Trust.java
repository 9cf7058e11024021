package io.pantala.seed.schedule;

import java.util.Map;

/**
 * Which sources are used less, or not at all, for a while. One that failed a receiver is avoided by that receiver; one that
 * failed several, or sent wrong bytes, is suspended for all, longer each time. Both end by themselves.
 *
 * <p>A seed is never suspended and only briefly avoided: it may be the only one who has the block.
 */
final class Trust {
    /** Receivers that must have complained of a source before it is left alone. */
    private static final int COMPLAINTS = 2;

    /** Whoever avoids more sources than so many is likely to be at fault itself. */
    private static final int MOST_AVOIDED = 8;

    /**
     * A seed, and whoever is merely late, is avoided for so many times less than others. The first may be the only one who
     * has the block; the second's copies don't count for the receiver meanwhile, which may have it ask over a border.
     */
    private static final int AVOIDED_LESS = 10;

    private final ConductorConfig config;

    Trust(ConductorConfig config) {
        this.config = config;
    }

    static boolean avoids(Member to, Member from, long now) {
        if (to.avoided.isEmpty()) {
            return false;
        }
        Long until = to.avoided.get(from);
        return until != null && until > now;
    }

    /** A source has failed a receiver. */
    void failed(Member to, Member from, Failure why, long now) {
        long until = now + config.avoid().toNanos() / (from.seed ? AVOIDED_LESS : 1);
        switch (why) {
            case CORRUPT -> {
                avoid(to, from, until);
                if (to.avoided.size() == 1) {
                    suspend(from, now);
                } else {
                    complain(to, from, now);
                }
            }
            case UNREACHABLE, STALLED, REFUSED -> {
                avoid(to, from, until);
                complain(to, from, now);
            }
            case NOT_HELD -> complain(to, from, now);
            case OTHER -> {}
        }
    }

    /** A source keeps a receiver waiting. */
    void late(Member to, Member from, long now) {
        avoid(to, from, now + config.avoid().toNanos() / AVOIDED_LESS);
    }

    private void avoid(Member to, Member from, long until) {
        to.avoided.merge(from, until, Math::max);
    }

    private void complain(Member to, Member from, long now) {
        if (to.avoided.size() <= MOST_AVOIDED) {
            from.complaints.put(to, now);
            forget(from.complaints, now);
            if (from.complaints.size() >= COMPLAINTS) {
                suspend(from, now);
            }
        }
    }

    private void forget(Map<Member, Long> complaints, long now) {
        complaints.values().removeIf(at -> now - at > config.avoid().toNanos());
    }

    private void suspend(Member from, long now) {
        if (!from.seed && !from.suspended) {
            long longest = config.longestSuspension().toNanos();
            long nanos = Math.min(config.suspension().toNanos() << Math.min(from.suspensions++, 16), longest);
            from.suspended = true;
            from.suspendedUntil = now + nanos;
            from.complaints.clear();
            from.parts.forEach(part -> {
                part.count(false);
                part.locality.free.set(part, false);
            });
        }
    }

    /** Ends what has lasted long enough; whether anything of it was for others to know. */
    boolean forgive(Member member, long now) {
        member.avoided.values().removeIf(until -> until <= now);
        forget(member.complaints, now);
        if (member.suspended && member.suspendedUntil <= now) {
            member.suspended = false;
            member.parts.forEach(part -> part.count(true));
            return true;
        }
        if (member.suspensions > 0
                && now - member.suspendedUntil > config.longestSuspension().toNanos()) {
            member.suspensions = 0;
        }
        return false;
    }
}
