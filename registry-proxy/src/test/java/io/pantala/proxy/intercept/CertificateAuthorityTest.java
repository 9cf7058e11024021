package io.pantala.proxy.intercept;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateAuthorityTest {
    private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

    @TempDir
    private Path directory;

    private Path certificate() {
        return directory.resolve("intercept-ca.crt");
    }

    private Path key() {
        return directory.resolve("intercept-ca.key");
    }

    @Test
    void isMadeOnceAndFoundAgain() throws Exception {
        X509Certificate made = of(directory).certificate();

        assertThat(of(directory).certificate()).isEqualTo(made);
        assertThat(Files.readString(certificate())).startsWith("-----BEGIN CERTIFICATE-----\n");
        assertThat(made.getBasicConstraints()).isZero();
        assertThat(made.getKeyUsage()[5]).isTrue();
        made.verify(made.getPublicKey());
    }

    @Test
    void keepsItsKeyForItsOwner() throws Exception {
        of(directory);

        assertThat(Files.getPosixFilePermissions(key())).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactlyInAnyOrder(certificate(), key());
        }
    }

    @Test
    void signsWhatNamesTheHostsAndAddresses() throws Exception {
        CertificateAuthority authority = of(directory);

        CertificateAuthority.Leaf leaf = authority.mint(names("registry.test", "10.0.0.7", "fd00::1"));

        X509Certificate shown = leaf.chain().getFirst();
        shown.verify(authority.certificate().getPublicKey());
        assertThat(leaf.chain().getLast()).isEqualTo(authority.certificate());
        assertThat(alternatives(shown))
                .containsExactlyInAnyOrder(
                        List.of(2, "registry.test"), List.of(7, "10.0.0.7"), List.of(7, "fd00:0:0:0:0:0:0:1"));
        assertThat(shown.getBasicConstraints()).isNegative();
        assertThat(shown.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
        assertThat(shown.getNotBefore().toInstant()).isBefore(NOW.minus(Duration.ofHours(1)));
        assertThat(shown.getNotAfter().toInstant()).isAfter(NOW.plus(Duration.ofDays(6)));
    }

    @Test
    void signsForNamesThatAreTooLongForASubject() throws Exception {
        String host = "a".repeat(60) + "." + "b".repeat(60) + ".example";

        assertThat(alternatives(of(directory).mint(names(host)).chain().getFirst()))
                .containsExactly(List.of(2, host));
    }

    @Test
    void replacesACertificateLongBeforeItEnds() throws Exception {
        var nanos = new AtomicLong();
        var certificates = new Certificates(of(directory), nanos::get, 4);
        SslContext first = certificates.of(names("registry.test"));

        nanos.addAndGet(Duration.ofDays(1).toNanos());
        assertThat(certificates.of(names("registry.test"))).isSameAs(first);
        nanos.addAndGet(Duration.ofDays(2).toNanos());
        assertThat(certificates.of(names("registry.test"))).isNotSameAs(first);
    }

    @Test
    void keepsAFewCertificatesOnly() throws Exception {
        var certificates = new Certificates(of(directory), System::nanoTime, 4);
        SslContext first = certificates.of(names("host0.test"));
        for (int i = 1; i < 40; i++) {
            certificates.of(names("host" + i + ".test"));
        }

        assertThat(certificates.of(names("host0.test"))).isNotSameAs(first);
    }

    @Test
    void saysWhichFileIsWrongAndWhy() throws Exception {
        CertificateAuthority authority = of(directory);
        Path other = Files.createDirectory(directory.resolve("other"));
        of(other);
        Path text = Files.writeString(directory.resolve("text"), "no PEM");
        Path leaf = directory.resolve("leaf");
        Pem.write(leaf, authority.mint(names("registry.test")).chain().getFirst());

        refused(text, key(), "text holds no certificate in PEM");
        refused(certificate(), text, "text holds no key in PEM that is not encrypted");
        refused(certificate(), directory.resolve("none"), "none is not there");
        refused(certificate(), other.resolve("intercept-ca.key"), "is not the key of");
        refused(leaf, key(), "leaf is not the certificate of an authority");
        assertThatThrownBy(() -> CertificateAuthority.read(
                        certificate(), key(), InstantSource.fixed(NOW.plus(Duration.ofDays(3651)))))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("has expired at");
    }

    private static void refused(Path certificate, Path key, String why) {
        assertThatThrownBy(() -> CertificateAuthority.read(certificate, key, InstantSource.fixed(NOW)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(why);
    }

    private static Collection<List<?>> alternatives(X509Certificate certificate) throws Exception {
        return certificate.getSubjectAlternativeNames();
    }

    private static CertificateAuthority of(Path directory) throws IOException {
        return CertificateAuthority.of(directory, InstantSource.fixed(NOW));
    }

    private static SortedSet<String> names(String... names) {
        return new TreeSet<>(List.of(names));
    }
}
