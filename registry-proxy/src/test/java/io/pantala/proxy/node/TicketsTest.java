package io.pantala.proxy.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import io.pantala.transport.identity.Token;
import io.pantala.transport.join.Joining;
import io.pantala.transport.ticket.Ticket;
import io.pantala.transport.ticket.TicketSigner;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What leaves nodes, and to whom. */
@Timeout(120)
class TicketsTest {
    private final Vertx vertx = Vertx.vertx();
    private final ObjectMapper json = new ObjectMapper();
    private Fleet fleet;
    private Seed seed;
    private Host host;
    private BlobKey blob;
    private BlobKey other;
    private byte[] bytes;

    @BeforeEach
    void open(@TempDir Path directory) throws Exception {
        fleet = new Fleet(directory);
        seed = fleet.seed("seed");
        host = fleet.host("host", fleet.token("seed"), seed.listen());
        fleet.awaitLinks(host, 1);
        bytes = fleet.bytes(100_000);
        blob = pulled(bytes);
        other = pulled(fleet.bytes(100_000));
    }

    private BlobKey pulled(byte[] content) throws Exception {
        Digest digest = fleet.registry.blob(Fleet.REPOSITORY, content);
        assertThat(fleet.pull(host, digest).body()).isEqualTo(content);
        return new BlobKey(Fleet.NAME, digest);
    }

    @AfterEach
    void close() throws Exception {
        fleet.close();
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    /** By seeds and hosts alike. */
    @Test
    void aBlockIsGivenToTheHostOfItsTicketForItsBlobAndItsTimeAndEverythingElseIsRefusedAndCounted() throws Exception {
        TicketSigner signer = seedsSigner();
        Instant now = Instant.now();
        String right = sign(signer, "spy-1", blob, now);
        try (HttpClient first = joined("spy-1");
                HttpClient second = joined("spy-2")) {
            for (Place place : new Place[] {
                new Place(seed.listen(), seed.admin()), new Place(host.peers().orElseThrow(), host.admin())
            }) {
                assertThat(fetch(first, place, blob, right).body()).isEqualTo(bytes);

                refused("other_host", second, place, blob, right);
                refused("other_blob", first, place, other, right);
                refused("expired", first, place, blob, sign(signer, "spy-1", blob, now.minus(Duration.ofMinutes(6))));
                refused("forged", first, place, blob, flipped(right));
                refused("unknown_key", first, place, blob, sign(TicketSigner.create(), "spy-1", blob, now));
                refused("malformed", first, place, blob, "nonsense");
                refused("missing", first, place, blob, null);

                assertThat(fetch(first, place, blob, right).body()).isEqualTo(bytes);
            }
        }
    }

    private record Place(NodeAddress listen, NodeAddress admin) {}

    private void refused(String reason, HttpClient who, Place where, BlobKey what, String ticket) throws Exception {
        String metric = "pantala_blocks_denied_total{reason=\"" + reason + "\"}";
        double before = fleet.metric(where.admin(), metric);

        assertThat(fetch(who, where, what, ticket).statusCode()).as(reason).isEqualTo(403);

        assertThat(fleet.metric(where.admin(), metric)).as(reason).isEqualTo(before + 1);
    }

    private static HttpResponse<byte[]> fetch(HttpClient who, Place where, BlobKey what, String ticket)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("https://" + where.listen()
                        + "/pantala/v1/blobs/" + what.digest() + "/blocks/0?upstream=" + what.upstream()))
                .timeout(Duration.ofSeconds(30));
        if (ticket != null) {
            request.header(Ticket.HEADER, ticket);
        }
        return who.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private String sign(TicketSigner signer, String name, BlobKey key, Instant at) throws IOException {
        return signer.sign(name, key, fleet.name("seed"), at).text();
    }

    private static String flipped(String ticket) {
        int middle = ticket.length() - 20;
        return ticket.substring(0, middle) + (ticket.charAt(middle) == 'A' ? 'B' : 'A') + ticket.substring(middle + 1);
    }

    /** The seed's own key, which nobody else has. */
    private TicketSigner seedsSigner() throws IOException {
        JsonNode key = json.readTree(
                        fleet.directory("seed").resolve("cluster/state.json").toFile())
                .path("ticketKeys")
                .path(0);
        return TicketSigner.parse(
                key.path("privateKey").binaryValue(), key.path("publicKey").binaryValue());
    }

    private HttpClient joined(String name) throws Exception {
        Token token = fleet.token("seed");
        Joining joining = new Joining(vertx, new NodeIdentity(Role.HOST, name), InstantSource.system());
        Joining.Joined joined =
                await().ignoreExceptions().until(() -> joining.join(seed.listen(), token), Objects::nonNull);
        ClusterTls tls = new ClusterTls(joined::certificate, joined::roots, InstantSource.system());
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(tls.toNodes())
                .build();
    }
}
