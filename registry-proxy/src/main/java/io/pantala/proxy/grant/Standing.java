package io.pantala.proxy.grant;

import io.pantala.manifest.Digest;
import io.pantala.manifest.Manifest;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.notes.Notes;
import java.time.Duration;

/**
 * Who may be given what an upstream has given before, while it can't be asked: anyone, of a repository that is known to be
 * open to all; else who was given something of that repository within the last hour. Of a blob or manifest, the upstream
 * must have said that the repository holds it.
 */
public final class Standing {
    private static final byte[] YES = {1};
    private static final Duration PROVEN = Duration.ofHours(1);
    private static final Duration OPEN = Duration.ofDays(7);
    private static final Duration HELD = Duration.ofDays(90);

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
            lasting.remove(opening(asker.upstream(), asker.repository()));
        } else {
            proofs.remove(proof(asker));
        }
    }

    /** The repository holds this manifest, and what it lists. */
    public void holds(UpstreamName upstream, RepositoryName repository, Digest digest, Manifest manifest) {
        lasting.put(holding(upstream, repository, digest), YES, HELD);
        if (manifest instanceof Manifest.Image image) {
            image.blobs().stream()
                    .filter(Grants::isInRepository)
                    .limit(Grants.MOST_BLOBS_OF_A_MANIFEST)
                    .forEach(blob -> fleeting.put(holding(upstream, repository, blob.digest()), YES, HELD));
        }
    }

    /** Whether this asker may be given what is known of this repository. */
    public boolean vouchesFor(Asker asker) {
        return (!asker.authorization().isAnonymous()
                        && proofs.find(proof(asker)).isPresent())
                || lasting.find(opening(asker.upstream(), asker.repository())).isPresent();
    }

    /** Whether this asker may be given this blob or manifest of this repository. */
    public boolean vouchesFor(Asker asker, Digest digest) {
        String holding = holding(asker.upstream(), asker.repository(), digest);
        return (fleeting.find(holding).isPresent() || lasting.find(holding).isPresent()) && vouchesFor(asker);
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
