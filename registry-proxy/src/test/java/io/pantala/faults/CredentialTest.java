package io.pantala.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.faults.Cluster.Topology;
import io.pantala.manifest.Digest;
import io.pantala.proxy.http.RawClient;
import io.pantala.proxy.node.Tuning;
import io.pantala.registry.Exchange;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Credentials that end before the blobs they are for. */
@Timeout(120)
class CredentialTest {
    private static final int SIZE = 20_000_000;
    private static final int BEFORE = 3_000_000;

    @TempDir
    Path directory;

    private final byte[] content = content();
    private final FakeRegistry registry = FakeRegistry.start();

    @AfterEach
    void stop() {
        registry.close();
    }

    @ParameterizedTest
    @EnumSource
    void aPullGoesOnWithAnotherEnginesCredentialWhenItsOwnExpiresInTheMiddle(Topology topology) throws Exception {
        Digest digest = registry.requireBearer("user", "secret").hide("a/b").blob("a/b", content);
        var gate = new CountDownLatch(1);
        String old = registry.issueToken("a/b");
        String target = "/v2/a/b/blobs/" + digest;
        registry.next(target, Fault.none(), Fault.cutAfter(BEFORE, gate));
        try (Cluster nodes = new Cluster(directory, topology, Tuning.DEFAULT)
                        .upstream("registry.example", registry.url().toString())
                        .start();
                RawClient first = begun(nodes.engine("Authorization: " + old), target)) {
            registry.expireTokens();
            String newer = registry.issueToken("a/b");
            try (RawClient second = begun(nodes.engine("Authorization: " + newer), target)) {
                gate.countDown();

                assertThat(first.read(SIZE)).isEqualTo(content);
                assertThat(second.read(SIZE)).isEqualTo(content);
            }
            List<Exchange> asked = registry.requests(target);
            // A host alone may know of the newer one before; a seed learns that the old one is over, and asks its host.
            if (topology == Topology.WITH_SEED) {
                assertThat(asked).extracting(Exchange::status).contains(401);
            }
            assertThat(asked.getLast().header("Authorization")).isEqualTo(newer);
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    /** An engine's connection over which the blob comes. */
    private static RawClient begun(StrictEngine engine, String target) throws IOException {
        RawClient connection = engine.connect();
        assertThat(connection.get(target, engine.headers()).head().status()).isEqualTo(200);
        return connection;
    }

    private static byte[] content() {
        byte[] content = new byte[SIZE];
        new Random(SIZE).nextBytes(content);
        return content;
    }
}
