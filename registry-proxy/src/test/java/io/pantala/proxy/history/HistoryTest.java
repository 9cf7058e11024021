package io.pantala.proxy.history;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.download.SwarmListener.Cause;
import io.pantala.swarm.download.SwarmListener.Source;
import io.pantala.swarm.download.SwarmListener.Trouble;
import io.pantala.transport.NodeAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HistoryTest {
    private static final RepositoryName APP = new RepositoryName("team/app");
    private static final NodeAddress SEED = new NodeAddress("10.0.0.1", 6462);
    private static final NodeAddress PEER = new NodeAddress("10.0.0.2", 6461);

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final History history = new History(() -> now, 100);

    @Test
    void tellsForEachBlockWhereItCameFromAndWhatWasTriedBefore() {
        BlobKey blob = blob("a");
        history.asked(blob, APP);
        history.began(blob, "asked of the swarm");
        history.refused(blob, 1, Source.PEER, PEER, Trouble.CORRUPT);
        now = now.plusSeconds(2);
        history.received(blob, 1, Source.SEED, SEED, 500, Duration.ofMillis(30), Cause.ORDERED);
        history.received(blob, 0, Source.PEER, PEER, 1000, Duration.ofMillis(40), Cause.SEED_LOST);
        history.sealed(blob);

        JsonNode told = one(blob);

        assertThat(told.path("upstream").asText()).isEqualTo("docker.io");
        assertThat(told.path("repositories").path(0).asText()).isEqualTo("team/app");
        assertThat(told.path("began").asText()).isEqualTo("2026-01-01T00:00:00Z");
        assertThat(told.path("complete").asText()).isEqualTo("2026-01-01T00:00:02Z");
        assertThat(told.path("bytes")).hasToString("{\"peer\":1000,\"seed\":500,\"registry\":0,\"passedThrough\":0}");
        assertThat(told.path("blocks").path(0).toString())
                .contains("\"block\":0", "\"source\":\"peer\"", "10.0.0.2:6461", "no link to its seed")
                .doesNotContain("retries");
        assertThat(told.path("blocks").path(1).toString())
                .contains("\"ms\":30", "\"from\":\"10.0.0.1:6462\"", "as its seed ordered", "sent wrong bytes");
    }

    @Test
    void tellsApartWhyABlockCameFromWhereItDid() {
        BlobKey blob = blob("a");
        int block = 0;
        for (Cause cause : Cause.values()) {
            history.received(blob, block++, Source.SEED, SEED, 500, Duration.ZERO, cause);
        }

        assertThat(one(blob).path("blocks").findValuesAsText("why"))
                .doesNotHaveDuplicates()
                .contains(
                        "as its seed ordered: no host had it to pass on",
                        "as its seed ordered: those that had it, or were about to, were as busy");
    }

    @Test
    void tellsWhoWasLateAndWhereABlockCameFromBesides() {
        BlobKey blob = blob("a");
        for (int block = 0; block < 4; block++) {
            history.late(blob, block, Source.PEER, PEER);
        }
        history.received(blob, 0, Source.SEED, SEED, 500, Duration.ZERO, Cause.HOSTS_AVOIDED);
        history.received(blob, 1, Source.PEER, PEER, 500, Duration.ZERO, Cause.ORDERED);
        history.received(blob, 2, 500, Duration.ZERO, "no seed gave it");

        assertThat(one(blob).path("blocks").findValues("retries"))
                .extracting(retries -> retries.path(0).path("why").asText())
                .containsExactly(
                        "was late: also fetched from 10.0.0.1:6462",
                        "was late",
                        "was late: also fetched from the registry",
                        "was late");
    }

    @Test
    void tellsOfABlockOfTheRegistryWhatKeptSeedsFromGivingIt() {
        BlobKey blob = blob("a");
        history.received(blob, 0, 500, Duration.ofMillis(30), "no seed gave it");
        history.refused(blob, 1, Source.PEER, PEER, Trouble.BROKEN);
        history.withoutSeed(blob, "no seed helped: none can be reached");
        history.received(blob, 1, 500, Duration.ofMillis(40), "no seed gave it");
        JsonNode blocks = one(blob).path("blocks");
        history.sealed(blob);
        history.began(blob, "fetched from the registry");
        history.received(blob, 0, 500, Duration.ofMillis(30), "no seed gave it");

        assertThat(blocks.path(0))
                .hasToString("{\"block\":0,\"source\":\"registry\",\"bytes\":500,"
                        + "\"at\":\"2026-01-01T00:00:00Z\",\"ms\":30,\"why\":\"no seed gave it\"}");
        assertThat(blocks.path(1).toString())
                .contains("\"ms\":40", "no seed helped: none can be reached", "cut it short");
        assertThat(one(blob).path("blocks").findValuesAsText("why"))
                .as("of a later time")
                .containsExactly("no seed gave it");
    }

    @Test
    void tellsInWordsWhyTheRegistryWasAsked() {
        BlobKey blob = blob("a");
        history.withoutSeed(blob, "no seed helped: none can be reached");
        history.began(blob, "fetched from the registry");
        history.fetched(blob, 700);
        history.passed(blob, 40, "the disk refused");

        JsonNode told = one(blob);

        assertThat(told.path("bytes").path("registry").asInt()).isEqualTo(700);
        assertThat(told.path("bytes").path("passedThrough").asInt()).isEqualTo(40);
        assertThat(told.findValuesAsText("text"))
                .containsExactly(
                        "no seed helped: none can be reached",
                        "fetched from the registry",
                        "40 bytes went straight from the registry to an engine: the disk refused");
    }

    @Test
    void findsBlobsByTheBeginningOfADigestAndByRepository() {
        history.asked(blob("a"), APP);
        history.asked(blob("b"), new RepositoryName("team/other"));

        assertThat(history.explain(blob("a").digest().toString().substring(0, 20))
                        .path("blobs"))
                .hasSize(1);
        assertThat(history.explain(UpstreamName.DOCKER_HUB, APP).path("blobs")).hasSize(1);
        assertThat(history.explain(UpstreamName.parse("ghcr.io"), APP).path("blobs"))
                .isEmpty();
        assertThat(history.explain("sha256:").path("blobs")).hasSize(2);
    }

    @Test
    void aWholeBlobThatIsFetchedAnewBeginsAnew() {
        BlobKey blob = blob("a");
        history.began(blob, "asked of the swarm");
        history.received(blob, 0, Source.SEED, SEED, 500, Duration.ZERO, Cause.ORDERED);
        history.began(blob, "it goes on after an interruption");
        assertThat(one(blob).path("blocks")).hasSize(1);

        history.sealed(blob);
        history.began(blob, "asked of the swarm");

        assertThat(one(blob).path("blocks")).isEmpty();
        assertThat(one(blob).path("notes")).hasSize(1);
        assertThat(one(blob).has("complete")).isFalse();
    }

    @Test
    void forgetsWhatWasTouchedLongestAgo() {
        for (String name : List.of("a", "b", "c")) {
            history.began(blob(name), "asked of the swarm");
        }
        history.note(blob("a"), "touched again");
        for (int block = 0; block < 60; block++) {
            history.received(blob("c"), block, Source.SEED, SEED, 500, Duration.ZERO, Cause.ORDERED);
        }

        List<String> left = new ArrayList<>();
        history.explain("sha256:")
                .path("blobs")
                .forEach(each -> left.add(each.path("digest").asText()));
        assertThat(left)
                .containsExactlyInAnyOrder(
                        blob("a").digest().toString(), blob("c").digest().toString());
    }

    private JsonNode one(BlobKey blob) {
        return history.explain(blob.digest().toString()).path("blobs").path(0);
    }

    private static BlobKey blob(String name) {
        return new BlobKey(UpstreamName.DOCKER_HUB, Digest.sha256(name.getBytes(StandardCharsets.UTF_8)));
    }
}
