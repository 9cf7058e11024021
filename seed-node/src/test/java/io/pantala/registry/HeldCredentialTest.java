package io.pantala.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.CredentialSource;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeldCredentialTest {
    private static final Upstream HUB =
            new Upstream(UpstreamName.DOCKER_HUB, URI.create("https://registry-1.docker.io"));
    private static final Upstream OWN =
            new Upstream(UpstreamName.parse("registry.test:5000"), URI.create("https://10.0.0.7"));

    /** {@code me:s3:cret} */
    private static final String BASIC = "Basic bWU6czM6Y3JldA==";

    @TempDir
    private Path directory;

    @Test
    void isALineOfAFile() throws IOException {
        assertThat(header("me:s3:cret\n", OWN)).isEqualTo(BASIC);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "registry.test:5000 | \"auth\":\"bWU6czM6Y3JldA==\"",
                "https://registry.test:5000 | \"auth\":\"bWU6czM6Y3JldA==\"",
                "10.0.0.7 | \"username\":\"me\",\"password\":\"s3:cret\"",
            })
    void isFoundInDockersConfigUnderTheNamesOfItsRegistry(String name, String entry) throws IOException {
        assertThat(header("{\"auths\":{\"other\":{},\"" + name + "\":{" + entry + "}}}", OWN))
                .isEqualTo(BASIC);
    }

    @Test
    void isFoundInDockersConfigUnderTheOldNameOfDockerHub() throws IOException {
        assertThat(header("{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"bWU6czM6Y3JldA==\"}}}", HUB))
                .isEqualTo(BASIC);
    }

    @Test
    void isWhatAHelperSays() throws IOException {
        Path helper = helper("""
                read registry
                [ "$1" = get ] && [ "$registry" = registry.test:5000 ] || exit 1
                echo '{"ServerURL":"x","Username":"me","Secret":"s3:cret"}'
                """);

        assertThat(HeldCredential.read("helper:" + helper, OWN).current().header())
                .isEqualTo(BASIC);
        assertThat(header("{\"credHelpers\":{\"registry.test:5000\":\"" + helper + "\"}}", OWN))
                .isEqualTo(BASIC);
        assertThat(header("{\"auths\":{},\"credsStore\":\"" + helper + "\"}", OWN))
                .isEqualTo(BASIC);
    }

    @Test
    void failsWhenItsHelperDoes() throws IOException {
        Path helper = helper("echo a-secret >&2; echo a-secret; exit 1");

        assertThatThrownBy(() -> HeldCredential.read("helper:" + helper, OWN).current())
                .isInstanceOf(IOException.class)
                .hasMessageEndingWith("has nothing for registry.test:5000")
                .message()
                .doesNotContain("a-secret");
        assertThatThrownBy(
                        () -> HeldCredential.read("helper:no-such-helper", OWN).current())
                .hasMessage("the credential helper docker-credential-no-such-helper can't be started");
    }

    @Test
    void saysWhatIsWrongWithAFileAndShowsNothingOfIt() throws IOException {
        refused("a-secret", "must hold one line, user:password");
        refused("a:secret\nb:secret", "must hold one line, user:password");
        refused("{a-secret", "is no JSON");
        refused("{\"auths\":{\"other\":{\"auth\":\"a-secret\"}}}", "holds nothing for registry.test:5000");
        refused("{\"auths\":{\"registry.test:5000\":{\"auth\":\"a-secret\"}}}", "holds no user:password for");
        refused("{\"auths\":{\"registry.test:5000\":{\"identitytoken\":\"a-secret\"}}}", "is not supported");
        assertThatThrownBy(() -> HeldCredential.read(directory.resolve("none").toString(), OWN))
                .hasMessageContaining("is no file of a usual size");
    }

    @Test
    void answersARegistrysChallengesAndIsReadAgainWhenItIsRejected() throws Exception {
        Vertx vertx = Vertx.vertx();
        Path file = Files.writeString(directory.resolve("credential"), "me:old");
        try (FakeRegistry registry =
                FakeRegistry.start().requireBearer("me", "new").hide("a/b")) {
            Upstream upstream = registry.upstream("registry.test");
            try (var client = new RegistryClient(
                    vertx, new Upstreams(List.of(upstream)), RegistryConfig.DEFAULT, RegistryListener.NONE)) {
                var own = new OwnCredentials(
                        client, upstream, HeldCredential.read(file.toString(), upstream), InstantSource.system());
                CredentialSource source = own.forPulling(new RepositoryName("a/b"));
                String challenge = "Bearer realm=\"" + registry.url() + "/token\",service=\"fake\"";

                assertThat(source.current().isAnonymous()).isTrue();
                assertThat(source.newerThan(source.current(), challenge)).isEmpty();
                Files.writeString(file, "me:new");
                assertThat(source.newerThan(source.current(), challenge))
                        .get()
                        .extracting(newer -> newer.header())
                        .asString()
                        .startsWith("Bearer ");
                assertThat(source.current().header()).startsWith("Bearer ");
            }
        } finally {
            vertx.close().await(10, TimeUnit.SECONDS);
        }
    }

    private void refused(String content, String why) throws IOException {
        Path file = Files.writeString(directory.resolve("credential"), content);
        assertThatThrownBy(() -> HeldCredential.read(file.toString(), OWN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why)
                .message()
                .doesNotContain("secret");
    }

    private String header(String content, Upstream upstream) throws IOException {
        Path file = Files.writeString(directory.resolve("credential"), content);
        return String.valueOf(
                HeldCredential.read(file.toString(), upstream).current().header());
    }

    private Path helper(String script) throws IOException {
        Path helper = Files.writeString(directory.resolve("helper"), "#!/bin/sh\n" + script);
        return Files.setPosixFilePermissions(helper, PosixFilePermissions.fromString("rwx------"));
    }
}
