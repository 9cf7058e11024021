package io.pantala.transport.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuthorityTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");
    private static final Duration DAY = Duration.ofDays(1);
    private static final NodeIdentity HOST = new NodeIdentity(Role.HOST, "a1");

    private final Authority authority = Authority.create(NOW);

    @Test
    void certifiesTheKeyOfWhoeverAsks() throws Exception {
        CertificateRequest request = CertificateRequest.create();

        NodeCertificate answer = request.answered(Pem.of(List.of(issue(request))));

        assertThat(answer.identity()).isEqualTo(HOST);
        assertThat(answer.chain().getFirst().getPublicKey()).isEqualTo(request.key());
        assertThat(answer.begins()).isEqualTo(NOW.minus(Duration.ofMinutes(10)));
        assertThat(answer.ends()).isEqualTo(NOW.plus(DAY));
        assertThat(roots(authority).verify(chain(answer), NOW)).isEqualTo(HOST);
    }

    @Test
    void refusesARequestThatItsKeyHasNotSigned() throws Exception {
        KeyPair other = CertificateRequest.newKeys();
        byte[] forged = new JcaPKCS10CertificationRequestBuilder(
                        new X500Principal("CN=x"), CertificateRequest.create().key())
                .build(new JcaContentSignerBuilder("SHA256withECDSA").build(other.getPrivate()))
                .getEncoded();

        assertThatThrownBy(() -> authority.issue(forged, HOST, NOW, DAY))
                .isInstanceOf(GeneralSecurityException.class)
                .hasMessage("its signature is wrong");
    }

    @Test
    void refusesKeysThatNodesDoNotHave() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(1024);
        KeyPair rsa = generator.generateKeyPair();
        byte[] request = new JcaPKCS10CertificationRequestBuilder(new X500Principal("CN=x"), rsa.getPublic())
                .build(new JcaContentSignerBuilder("SHA256withRSA").build(rsa.getPrivate()))
                .getEncoded();

        assertThatThrownBy(() -> authority.issue(request, HOST, NOW, DAY))
                .isInstanceOf(GeneralSecurityException.class)
                .hasMessage("its key is not of the kind that nodes have");
        assertThatThrownBy(() -> authority.issue(new byte[] {1, 2, 3}, HOST, NOW, DAY))
                .isInstanceOf(GeneralSecurityException.class)
                .hasMessage("it is no request for a certificate");
    }

    @Test
    void neverOutlivesItselfInWhatItSigns() throws Exception {
        Instant late = authority.ends().minus(Duration.ofHours(1));

        NodeCertificate own = own(authority, HOST, List.of(), late);

        assertThat(own.ends()).isEqualTo(authority.ends());
    }

    @Test
    void namesTheAddressesOfASeed() throws Exception {
        NodeCertificate own = own(authority, HOST, List.of("seed-1.example", "10.0.0.5", "fd00::5"), NOW);

        assertThat(own.chain().getFirst().getSubjectAlternativeNames().toString())
                .contains("urn:pantala:host:a1", "seed-1.example", "10.0.0.5", "fd00:0:0:0:0:0:0:5");
        assertThat(own.identity()).isEqualTo(HOST);
    }

    @Test
    void aCertificateCountsInItsTimeAlone() {
        NodeCertificate own = own(authority, HOST, List.of(), NOW);

        assertThatThrownBy(
                        () -> roots(authority).verify(chain(own), NOW.plus(DAY).plusSeconds(1)))
                .isInstanceOf(CertificateException.class)
                .hasMessageContaining("has ended at 2026-11-22T12:00:00Z");
        assertThatThrownBy(() -> roots(authority).verify(chain(own), NOW.minus(Duration.ofMinutes(11))))
                .isInstanceOf(CertificateException.class)
                .hasMessageContaining("one of the two clocks is wrong");
    }

    @Test
    void aCertificateOfAnotherClusterCountsForNothing() {
        NodeCertificate foreign = own(Authority.create(NOW), HOST, List.of(), NOW);

        assertThatThrownBy(() -> roots(authority).verify(chain(foreign), NOW))
                .isInstanceOf(CertificateException.class)
                .hasMessageContaining("host a1 is of another cluster");
    }

    @Test
    void aNodeCannotSignForOthers() {
        NodeCertificate node = own(authority, HOST, List.of(), NOW);
        Issuer rogue = new Issuer(
                node.chain().getFirst().getSubjectX500Principal(),
                node.chain().getFirst().getPublicKey(),
                node.key());
        NodeCertificate victim = own(authority, new NodeIdentity(Role.SEED, "s"), List.of(), NOW);
        X509Certificate forged = rogue.sign(
                new X500Principal("CN=s"),
                victim.chain().getFirst().getPublicKey(),
                NOW,
                NOW.plus(DAY),
                certificate -> certificate.addExtension(
                        Extension.subjectAlternativeName,
                        false,
                        new GeneralNames(
                                new GeneralName(GeneralName.uniformResourceIdentifier, "urn:pantala:seed:s"))));
        X509Certificate[] chain = {forged, node.chain().getFirst(), authority.certificate()};

        assertThatThrownBy(() -> roots(authority).verify(chain, NOW)).isInstanceOf(CertificateException.class);
    }

    @Test
    void whoTrustsTheOldOneTrustsTheNewOneThatItSigned() throws Exception {
        Authority newer = Authority.create(NOW);
        NodeCertificate own = own(newer, HOST, List.of(), NOW);
        X509Certificate[] chain = {
            own.chain().getFirst(), authority.crossSign(newer, NOW), authority.certificate(),
        };

        assertThat(roots(authority).verify(chain, NOW)).isEqualTo(HOST);
        assertThat(roots(newer).verify(chain, NOW)).isEqualTo(HOST);
        assertThat(new Roots(List.of(authority.certificate(), newer.certificate())).verify(chain, NOW))
                .isEqualTo(HOST);
        assertThat(Fingerprint.of(chain[1])).isEqualTo(newer.fingerprint());
    }

    @Test
    void isReadAsItIsWritten() throws Exception {
        Authority again = Authority.parse(authority.certificatePem(), authority.keyPem());

        assertThat(again.certificate()).isEqualTo(authority.certificate());
        assertThat(again.fingerprint()).isEqualTo(authority.fingerprint());
        assertThat(roots(authority).verify(chain(own(again, HOST, List.of(), NOW)), NOW))
                .isEqualTo(HOST);
    }

    @Test
    void mayBeMadeElsewhereWithAnyUsualKey() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair keys = generator.generateKeyPair();
        X500Principal name = new X500Principal("CN=Company CA");
        X509Certificate certificate = new Issuer(name, keys.getPublic(), keys.getPrivate())
                .sign(
                        name,
                        keys.getPublic(),
                        NOW,
                        NOW.plus(Duration.ofDays(30)),
                        builder -> builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true)));
        StringWriter traditional = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(traditional)) {
            writer.writeObject(keys.getPrivate());
        }
        assertThat(traditional.toString()).contains("BEGIN RSA PRIVATE KEY");

        Authority company = Authority.parse(Pem.of(List.of(certificate)), traditional.toString());

        assertThat(roots(company).verify(chain(own(company, HOST, List.of(), NOW)), NOW))
                .isEqualTo(HOST);
    }

    @Test
    void isNotReadFromWhatDoesNotFit() {
        NodeCertificate node = own(authority, HOST, List.of(), NOW);

        assertThatThrownBy(() -> Authority.parse(
                        authority.certificatePem(), Authority.create(NOW).keyPem()))
                .hasMessage("the key is not that of the certificate");
        assertThatThrownBy(() -> Authority.parse(node.chainPem(), node.keyPem()))
                .hasMessage("the certificate is not an authority's");
        assertThatThrownBy(() -> Authority.parse(authority.certificatePem(), authority.certificatePem()))
                .hasMessageContaining("no private key");
        assertThatThrownBy(() -> Authority.parse("", authority.keyPem())).hasMessageContaining("no certificate");
    }

    @Test
    void aNodesCertificateIsReadAsItIsWritten() throws Exception {
        NodeCertificate own = own(authority, HOST, List.of(), NOW);

        assertThat(NodeCertificate.parse(own.keyPem(), own.chainPem())).isEqualTo(own);
        assertThat(own.isBy(authority.fingerprint())).isTrue();
        assertThat(own.isBy(Authority.create(NOW).fingerprint())).isFalse();
        assertThat(own.toString()).isEqualTo("host a1 until 2026-11-22T12:00:00Z");
    }

    @Test
    void aPrivateFileIsItsOwnersAlone(@TempDir Path directory) throws Exception {
        PrivateFile file = PrivateFile.in(directory.resolve("below").resolve("deep"), "secret");
        assertThat(file.read()).isEmpty();

        file.write("one");
        file.write("two");

        assertThat(file.read()).contains("two");
        assertThat(Files.getPosixFilePermissions(file.path()))
                .extracting(Enum::name)
                .containsOnly("OWNER_READ", "OWNER_WRITE");
        assertThat(Files.getPosixFilePermissions(file.path().getParent()))
                .extracting(Enum::name)
                .containsOnly("OWNER_READ", "OWNER_WRITE", "OWNER_EXECUTE");
        try (var files = Files.list(file.path().getParent())) {
            assertThat(files).containsExactly(file.path());
        }
    }

    private static NodeCertificate own(Authority authority, NodeIdentity node, List<String> names, Instant now) {
        return authority.issueOwn(node, names, List.of(authority.certificate()), now, DAY);
    }

    private X509Certificate issue(CertificateRequest request) throws GeneralSecurityException {
        return authority.issue(request.encoded(), HOST, NOW, DAY);
    }

    private static Roots roots(Authority authority) {
        return new Roots(List.of(authority.certificate()));
    }

    private static X509Certificate[] chain(NodeCertificate certificate) {
        return certificate.chain().toArray(X509Certificate[]::new);
    }
}
