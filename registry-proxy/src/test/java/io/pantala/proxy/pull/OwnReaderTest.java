package io.pantala.proxy.pull;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.http.RawClient;
import io.pantala.registry.Exchange;
import io.pantala.registry.HeldCredential;
import io.pantala.registry.OwnCredentials;
import io.pantala.registry.Upstream;
import io.pantala.seed.backfill.OwnReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node that has a credential of its own for a registry. */
@Timeout(60)
class OwnReaderTest {
    @TempDir
    private Path directory;

    @Test
    void fetchesWithItsOwnCredentialWhatTheRegistryGrantsToTheEngineByTheEngines() throws Exception {
        byte[] layer = Host.content(1_000_000);
        try (Host host = new Host(directory)) {
            Digest digest = host.registry.blob("team/app", layer);
            host.registry.requireBearer("service", "of-the-node").hide("team/app");
            String granted = host.registry.issueToken("team/app");
            Upstream upstream = host.registry.upstream(Host.UPSTREAM);
            Path file = Files.writeString(directory.resolve("credential"), "service:of-the-node");
            var own = new OwnCredentials(
                    host.client(), upstream, HeldCredential.read(file.toString(), upstream), InstantSource.system());
            var filler = new OwnReader(
                    host.backfills(directory.resolve("spool")), Map.of(UpstreamName.parse(Host.UPSTREAM), own));

            try (RawClient engine = host.engine(filler)) {
                String blob = "/v2/team/app/blobs/" + digest;
                assertThat(engine.get(blob, "Authorization: " + granted).reply().body())
                        .isEqualTo(layer);
                assertThat(host.registry.requests(digest.toString()).stream()
                                .filter(exchange -> exchange.method().equals("HEAD"))
                                .map(exchange -> exchange.header("Authorization")))
                        .containsExactly(granted);
                assertThat(host.registry.requests(digest.toString()).stream()
                                .filter(exchange -> exchange.method().equals("GET"))
                                .map(exchange -> exchange.header("Authorization")))
                        .doesNotContain(granted);

                // What is stored is no more public than it was.
                assertThat(engine.get(blob).reply().status()).isEqualTo(401);
                assertThat(engine.get(blob, "Authorization: Bearer made-up")
                                .reply()
                                .status())
                        .isEqualTo(401);
            }
            assertThat(host.registry.requests("/token").stream().map(Exchange::status))
                    .containsExactly(200);
        }
    }
}
