package io.pantala.transport.join;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.CertificateRequest;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.identity.NodeCertificate;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Roots;
import io.pantala.transport.identity.Token;
import io.pantala.transport.link.LinkClient;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.InstantSource;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/** Gets certificates from seeds. Blocks, for a bounded time. */
public final class Joining {
    private static final int LONGEST_REASON = 300;
    private static final int FORBIDDEN = 403;

    private final Vertx vertx;
    private final NodeIdentity node;
    private final InstantSource clock;

    public Joining(Vertx vertx, NodeIdentity node, InstantSource clock) {
        this.vertx = vertx;
        this.node = node;
        this.clock = clock;
    }

    /** A certificate, and whom to trust. */
    public record Joined(NodeCertificate certificate, Roots roots) {}

    /** Joins. The seed proves the token's authority before it is sent the secret. */
    public Joined join(NodeAddress seed, Token token) throws JoinException {
        return ask(seed, ClusterTls.pinned(token.authority(), clock), Optional.of(token.secret()));
    }

    /** Renews a certificate that still counts. */
    public Joined renew(NodeAddress seed, ClusterTls tls) throws JoinException {
        return ask(seed, tls.toSeeds(), Optional.empty());
    }

    private Joined ask(NodeAddress seed, SSLContext tls, Optional<String> secret) throws JoinException {
        CertificateRequest request = CertificateRequest.create();
        try (LinkClient client = new LinkClient(vertx, tls)) {
            LinkClient.Answer answer =
                    client.post(seed, JoinRequest.PATH, secret, new JoinRequest(node, request.encoded()).write());
            if (answer.status() != 200) {
                throw new JoinException(
                        "the seed answers " + answer.status() + ": " + words(answer.body()),
                        answer.status() == FORBIDDEN);
            }
            JoinAnswer read = JoinAnswer.read(answer.body());
            NodeCertificate certificate = request.answered(read.chain());
            if (!certificate.identity().equals(node)) {
                throw new JoinException("the seed answers with a certificate for " + certificate.identity());
            }
            return new Joined(certificate, read.roots());
        } catch (IOException e) {
            throw new JoinException(String.valueOf(e.getMessage()), e);
        } catch (GeneralSecurityException e) {
            throw new JoinException("the seed's answer makes no sense: " + e.getMessage(), e);
        }
    }

    /** A seed says what is wrong in a problem document (RFC 9457). */
    private static String words(byte[] body) {
        String text;
        try {
            text = Json.read(body).path("detail").asText();
        } catch (IOException e) {
            text = new String(body, StandardCharsets.UTF_8).strip().replaceAll("\\p{Cntrl}", " ");
        }
        return text.substring(0, Math.min(text.length(), LONGEST_REASON));
    }
}
