package io.pantala.proxy.events;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.ImageReference;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.history.History;
import io.pantala.proxy.http.RequestSummary;
import io.pantala.proxy.pull.PullListener;
import io.pantala.registry.UpstreamException;
import io.pantala.seed.backfill.BackfillListener;
import io.pantala.seed.cluster.ClusterListener;
import io.pantala.seed.preheat.PreheatState;
import io.pantala.seed.preheat.PreheatStatus;
import io.pantala.store.BlobStore;
import io.pantala.store.StoreConfig;
import io.pantala.swarm.download.SwarmListener;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.LinkListener;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import io.pantala.transport.link.Access;
import io.pantala.transport.link.Denial;
import io.pantala.transport.ticket.TicketRefusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {
    private static final BlobKey BLOB = new BlobKey(UpstreamName.DOCKER_HUB, Digest.EMPTY_SHA256);
    private static final NodeAddress SEED = new NodeAddress("127.0.0.1", 6462);

    private final Metrics metrics = new Metrics("1.2.3");
    private final History history = new History(InstantSource.system(), 100);

    @AfterEach
    void close() {
        metrics.close();
    }

    @Test
    void everyMetricIsDocumentedAndNothingElse(@TempDir Path directory) throws Exception {
        StoreEvents store = new StoreEvents(metrics);
        try (BlobStore blobs =
                BlobStore.open(new StoreConfig(directory, OptionalLong.of(1)), store, Clock.systemUTC())) {
            store.watch(blobs);
            new BlockEvents(metrics);
            RegistryEvents registry = new RegistryEvents(metrics);
            registry.responded(UpstreamName.DOCKER_HUB, "blob", 200, Duration.ofMillis(5));
            registry.failed(UpstreamName.DOCKER_HUB, "blob", UpstreamException.Kind.CUT);
            registry.received(UpstreamName.DOCKER_HUB, 1);
            new BackfillEvents(metrics, history, false).sealed(BLOB, Duration.ofMillis(5), "r-1");
            new BackfillEvents(metrics, history, false).notRetrieved(BLOB, "it lied", "r-1");
            SwarmEvents swarm = new SwarmEvents(metrics, history);
            swarm.blockRefused(BLOB, 0, SwarmListener.Source.PEER, SEED, SwarmListener.Trouble.CORRUPT);
            swarm.sealed(BLOB, 1, Duration.ofMillis(5));
            new PullEvents(metrics, history).failed("upstream_cut");
            new RequestEvents(metrics).ended(request());
            new PreheatEvents(metrics).finished(preheat());
            new ConnectEvents(metrics);
            new BlockEvents(metrics).blockDenied(TicketRefusal.FORGED);
            new DoorEvents(metrics).denied(Access.NODES, Denial.NO_CERTIFICATE, "127.0.0.1:1");
            new ClusterEvents(metrics).refused(new NodeIdentity(Role.HOST, "a"), ClusterListener.Refusal.TOKEN);
            metrics.certificate(Optional::empty, Clock.systemUTC());

            assertThat(registered()).isEqualTo(documented());
        }
    }

    @Test
    void bytesAreCountedByTheirSource() {
        new BackfillEvents(metrics, history, false).bytes(BLOB, 5, BackfillListener.Reason.FIRST);
        new SwarmEvents(metrics, history)
                .blockReceived(
                        BLOB, 0, SwarmListener.Source.SEED, SEED, 7, Duration.ofMillis(5), SwarmListener.Cause.ORDERED);
        new PullEvents(metrics, history).bytesToEngine(PullListener.Source.STORE, 9);

        assertThat(metrics.scrape())
                .contains("pantala_source_bytes_total{source=\"registry\"} 5.0")
                .contains("pantala_source_bytes_total{source=\"seed\"} 7.0")
                .contains("pantala_source_bytes_total{source=\"peer\"} 0.0")
                .contains("pantala_source_bytes_total{source=\"store\"} 9.0")
                .contains("pantala_engine_bytes_total{source=\"store\"} 9.0")
                .contains("pantala_blocks_verified_total{source=\"seed\"} 1.0");
    }

    @Test
    void blocksThatAreLateAreCountedByTheirSourceAndExplained() {
        SwarmEvents swarm = new SwarmEvents(metrics, history);
        swarm.blockLate(BLOB, 3, SwarmListener.Source.PEER, SEED);

        assertThat(metrics.scrape())
                .contains("pantala_blocks_late_total{source=\"peer\"} 1.0")
                .contains("pantala_blocks_late_total{source=\"seed\"} 0.0");
        assertThat(explained()).contains("\"block\":3", "was late");
    }

    @Test
    void blocksOfTheRegistryAreExplainedByWhatKeptSeedsFromGivingThem() {
        new BackfillEvents(metrics, history, false).blockReceived(BLOB, 0, 5, Duration.ofMillis(7));
        assertThat(explained()).contains("\"source\":\"registry\"", "\"ms\":7", "this node asks registries itself");

        BackfillEvents backfills = new BackfillEvents(metrics, history, true);
        backfills.blockReceived(BLOB, 0, 5, Duration.ofMillis(7));
        assertThat(explained()).contains("\"why\":\"no seed gave it\"");

        SwarmEvents swarm = new SwarmEvents(metrics, history);
        swarm.unavailable(BLOB, "none can be reached");
        backfills.blockReceived(BLOB, 0, 5, Duration.ofMillis(7));
        assertThat(explained()).contains("\"why\":\"no seed helped: none can be reached\"");

        swarm.interrupted(BLOB, "its link was lost");
        backfills.blockReceived(BLOB, 0, 5, Duration.ofMillis(7));
        assertThat(explained()).contains("\"why\":\"the download was interrupted: its link was lost\"");
    }

    private String explained() {
        return history.explain("sha256:").toString();
    }

    @Test
    void whatARegistrySendsBeyondTheFirstCopyIsCountedByReason() {
        new BackfillEvents(metrics, history, true).bytes(BLOB, 5, BackfillListener.Reason.FIRST);
        new BackfillEvents(metrics, history, true).bytes(BLOB, 3, BackfillListener.Reason.RANGE_IGNORED);
        new PullEvents(metrics, history)
                .passedThrough(UpstreamName.DOCKER_HUB, BLOB.digest(), PullListener.Reason.NO_ROOM, 2);

        assertThat(metrics.scrape())
                .contains("pantala_registry_excess_bytes_total{reason=\"no_seed\"} 5.0")
                .contains("pantala_registry_excess_bytes_total{reason=\"range_ignored\"} 3.0")
                .contains("pantala_registry_excess_bytes_total{reason=\"no_room\"} 2.0")
                .contains("pantala_registry_excess_bytes_total{reason=\"withheld_block\"} 0.0");
    }

    @Test
    void aSeedsOwnFirstCopyIsNoExcess() {
        new BackfillEvents(metrics, history, false).bytes(BLOB, 5, BackfillListener.Reason.FIRST);

        assertThat(metrics.scrape()).doesNotContain("no_seed");
    }

    @Test
    void aDownloadThatEndsTwiceIsActiveOnce() {
        BackfillEvents backfills = new BackfillEvents(metrics, history, false);
        backfills.started(BLOB, "r-1");
        assertThat(metrics.scrape()).contains("pantala_downloads_active{from=\"registry\"} 1.0");

        backfills.mismatch(BLOB, null, "r-1");
        backfills.failed(BLOB, "mismatch", "r-1");
        assertThat(metrics.scrape()).contains("pantala_downloads_active{from=\"registry\"} 0.0");
    }

    @Test
    void theLinksToSeedsAreCountedOnceEach() {
        SwarmEvents swarm = new SwarmEvents(metrics, history);
        swarm.linkUp(SEED);
        swarm.linkUp(SEED);
        assertThat(metrics.scrape()).contains("pantala_seed_links 1.0");

        swarm.linkDown(SEED, "gone");
        swarm.linkDown(SEED, "still gone");
        assertThat(metrics.scrape()).contains("pantala_seed_links 0.0");
    }

    @Test
    void theBytesOfMessagesAreCountedByDirection() {
        SwarmEvents swarm = new SwarmEvents(metrics, history);
        swarm.message(LinkListener.Direction.SENT, 30);
        swarm.message(LinkListener.Direction.RECEIVED, 500);
        swarm.message(LinkListener.Direction.SENT, 5);

        assertThat(metrics.scrape())
                .contains("pantala_control_bytes_total{direction=\"sent\"} 35.0")
                .contains("pantala_control_bytes_total{direction=\"received\"} 500.0");
    }

    private Map<String, String> registered() {
        Map<String, String> found = new TreeMap<>();
        matches("(?m)^# TYPE (\\S+) (\\S+)$", metrics.scrape())
                .forEach(match -> found.put(match.group(1), match.group(2)));
        found.keySet()
                .removeIf(name -> found.containsKey(name.replaceFirst("_max$", "")) && name.endsWith("_seconds_max"));
        return found;
    }

    private static Map<String, String> documented() throws IOException {
        Map<String, String> found = new TreeMap<>();
        matches("(?m)^\\| `(\\S+)` \\| (\\S+) \\|", Files.readString(Path.of("../docs/metrics.md")))
                .forEach(match -> found.put(match.group(1), match.group(2)));
        return found;
    }

    private static List<MatchResult> matches(String pattern, String text) {
        return Pattern.compile(pattern).matcher(text).results().toList();
    }

    private static RequestSummary request() {
        return new RequestSummary("r-1", "GET", "/v2/", "docker.io", 200, 2, Duration.ofMillis(5), "", true);
    }

    private static PreheatStatus preheat() {
        return new PreheatStatus(
                "p-1",
                ImageReference.parse("docker.io/library/nginx:1"),
                List.of(),
                PreheatState.SUCCEEDED,
                Digest.EMPTY_SHA256,
                Instant.EPOCH,
                Instant.EPOCH,
                null,
                List.of());
    }
}
