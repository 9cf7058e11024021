package io.pantala.proxy.history;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.download.SwarmListener.Cause;
import io.pantala.swarm.download.SwarmListener.Source;
import io.pantala.swarm.download.SwarmListener.Trouble;
import io.pantala.transport.NodeAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What has happened to blobs since this process started, for people who ask why. Those that nothing has happened to for
 * longest are forgotten when there is too much to remember. Safe for use by several threads.
 */
public final class History {
    /** A blob that little is known of counts like so many blocks. */
    private static final int LEAST = 16;

    private final InstantSource clock;
    private final int most;

    /** What was told of last, last. */
    private final Map<BlobKey, Story> stories = new LinkedHashMap<>(16, 0.75f, true);

    private int blocks;

    /** @param most blocks to remember, about 100 bytes each */
    public History(InstantSource clock, int most) {
        this.clock = clock;
        this.most = most;
    }

    /** An engine is about to be given the blob, as one of this repository. */
    public void asked(BlobKey key, RepositoryName repository) {
        tell(key, story -> story.asked(repository));
    }

    /** Its bytes begin to come from elsewhere. */
    public void began(BlobKey key, String how) {
        tell(key, story -> story.began(how));
    }

    /** A block has come from another node. */
    public void received(
            BlobKey key, int block, Source source, NodeAddress from, long bytes, Duration took, Cause cause) {
        tell(key, story -> story.received(block, source, from, bytes, took, cause));
    }

    /** A block has not come. */
    public void refused(BlobKey key, int block, Source source, NodeAddress from, Trouble trouble) {
        tell(key, story -> story.refused(block, source, from, trouble));
    }

    /** A block takes long to come from there, and may be fetched elsewhere too. */
    public void late(BlobKey key, int block, Source source, NodeAddress from) {
        tell(key, story -> story.late(block, source, from));
    }

    /** Seeds don't give it, or not all of it: that is why a registry is asked from now on. */
    public void withoutSeed(BlobKey key, String why) {
        tell(key, story -> story.withoutSeed(why));
    }

    /**
     * A block has come from its registry.
     *
     * @param why a registry is asked, unless more is known of this blob
     */
    public void received(BlobKey key, int block, long bytes, Duration took, String why) {
        tell(key, story -> story.received(block, bytes, took, why));
    }

    /** Bytes have come from its registry, into the store. */
    public void fetched(BlobKey key, long bytes) {
        tell(key, story -> story.fetched(bytes));
    }

    /** Bytes have gone from its registry to an engine, past the store. */
    public void passed(BlobKey key, long bytes, String why) {
        tell(key, story -> story.passed(bytes, why));
    }

    /** Something else that explains what came of it. */
    public void note(BlobKey key, String words) {
        tell(key, story -> story.note(words));
    }

    /** All of it is here. */
    public void sealed(BlobKey key) {
        tell(key, Story::sealed);
    }

    private synchronized void tell(BlobKey key, Consumer<Story> what) {
        Story story = stories.computeIfAbsent(key, _ -> {
            blocks += LEAST;
            return new Story(clock);
        });
        int before = story.blocks();
        what.accept(story);
        blocks += story.blocks() - before;
        Iterator<Story> eldest = stories.values().iterator();
        while (blocks > most && stories.size() > 1) {
            blocks -= eldest.next().blocks() + LEAST;
            eldest.remove();
        }
    }

    /**
     * All that is known of blobs, as {@code docs/api.md} describes it: those whose digest begins like this.
     *
     * @param digest {@code sha256:} and some of its digits
     */
    public ObjectNode explain(String digest) {
        return document((key, _) -> key.digest().toString().startsWith(digest));
    }

    /** The same of the blobs that engines were given as those of a repository. */
    public ObjectNode explain(UpstreamName upstream, RepositoryName repository) {
        return document((key, story) -> key.upstream().equals(upstream) && story.isOf(repository));
    }

    private interface Which {
        boolean is(BlobKey key, Story story);
    }

    private synchronized ObjectNode document(Which which) {
        ObjectNode document = JsonNodeFactory.instance.objectNode();
        ArrayNode blobs = document.putArray("blobs");
        stories.forEach((key, story) -> {
            if (which.is(key, story)) {
                ObjectNode blob = blobs.addObject()
                        .put("upstream", key.upstream().toString())
                        .put("digest", key.digest().toString());
                story.writeTo(blob);
            }
        });
        return document;
    }
}
