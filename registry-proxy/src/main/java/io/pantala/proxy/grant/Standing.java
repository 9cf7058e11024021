package io.pantala.proxy.grant;

import io.pantala.manifest.Digest;
import io.pantala.manifest.Manifest;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.notes.Notes;
import java.time.Duration;
import java.util.Arrays;

/**
 * Who may be given what an upstream has given before, while it can't be asked: anyone, of a repository that is known to be
 * open to all; else who was given something of that repository within the last hour. Of a blob or manifest, the upstream
 * must have said that the repository holds it.
 */
public final class Standing {
    private static final byte[] YES = {1};

    /** Outranks what seeds say that have not heard of it yet. */
    private static final byte[] NO = {0};

    private static final Duration OPEN = Duration.ofDays(7);

    /** How long it is believed at most that a registry has given to someone. */
    public static final Duration PROVEN = Duration.ofHours(1);

    /** How long anything is believed at most: that a repository holds what it held. */
    public static final Duration LONGEST = Duration.ofDays(90);

    private final Notes lasting;
    private final Notes fleeting;
    private final Notes proofs;

    /**
     * @param lasting what may be kept on disk: nothing about who someone is
     * @param fleeting what is kept in memory alone, since there is too much of it
     * @param proofs what is kept in memory alone, since it tells who someone is
     */
    public Standing(Notes lasting, Notes fleeting, Notes proofs) {
        this.lasting = lasting;
        this.fleeting = fleeting;
        this.proofs = proofs;
    }

    /** The upstream has given this asker something of this repository. */
    public void given(Asker asker) {
        if (asker.authorization().isAnonymous()) {
            open(asker.upstream(), asker.repository());
        } else {
            proofs.put(proof(asker), YES, PROVEN);
        }
    }

    /** The upstream gives to anyone who asks for something of this repository. */
    public void open(UpstreamName upstream, RepositoryName repository) {
        lasting.put(opening(upstream, repository), YES, OPEN);
    }

    /** The upstream has refused this asker for who it is. */
    public void refused(Asker asker) {
        if (asker.authorization().isAnonymous()) {
            lasting.put(opening(asker.upstream(), asker.repository()), NO, OPEN);
        } else {
            proofs.put(proof(asker), NO, PROVEN);
        }
    }

    /** The repository holds this manifest, and what it lists. */
    public void holds(UpstreamName upstream, RepositoryName repository, Digest digest, Manifest manifest) {
        lasting.put(holding(upstream, repository, digest), YES, LONGEST);
        if (manifest instanceof Manifest.Image image) {
            image.blobs().stream()
                    .filter(Grants::isInRepository)
                    .limit(Grants.MOST_BLOBS_OF_A_MANIFEST)
                    .forEach(blob -> fleeting.put(holding(upstream, repository, blob.digest()), YES, LONGEST));
        }
    }

    /** Whether this asker may be given what is known of this repository. */
    public boolean vouchesFor(Asker asker) {
        return (!asker.authorization().isAnonymous() && isYes(proofs, proof(asker)))
                || isYes(lasting, opening(asker.upstream(), asker.repository()));
    }

    /** Whether this asker may be given this blob or manifest of this repository. */
    public boolean vouchesFor(Asker asker, Digest digest) {
        String holding = holding(asker.upstream(), asker.repository(), digest);
        return (isYes(fleeting, holding) || isYes(lasting, holding)) && vouchesFor(asker);
    }

    private static boolean isYes(Notes notes, String name) {
        return notes.find(name).filter(fact -> Arrays.equals(fact, YES)).isPresent();
    }

    private static String proof(Asker asker) {
        return "proof " + asker.upstream() + " " + asker.repository() + " "
                + asker.authorization().header();
    }

    private static String opening(UpstreamName upstream, RepositoryName repository) {
        return "open " + upstream + " " + repository;
    }

    private static String holding(UpstreamName upstream, RepositoryName repository, Digest digest) {
        return "holds " + upstream + " " + repository + " " + digest;
    }
}
