package io.pantala.transport.identity;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/** Presents a node's certificate, the one it has at each handshake. */
final class NodeKeys extends X509ExtendedKeyManager {
    private static final String KIND = "EC";

    private final Supplier<@Nullable NodeCertificate> own;

    /** What was chosen last, and before that: a handshake asks for the certificate and the key one after the other. */
    private volatile @Nullable NodeCertificate last;

    private volatile @Nullable NodeCertificate before;

    /** @param own null while this node has none */
    NodeKeys(Supplier<@Nullable NodeCertificate> own) {
        this.own = own;
    }

    private @Nullable String choose(String... kinds) {
        NodeCertificate current = own.get();
        if (current == null || Arrays.stream(kinds).noneMatch(KIND::equals)) {
            return null;
        }
        remember(current);
        return alias(current);
    }

    private synchronized void remember(NodeCertificate current) {
        if (!current.equals(last)) {
            before = last;
            last = current;
        }
    }

    private @Nullable NodeCertificate find(String alias) {
        NodeCertificate recent = last;
        if (recent != null && alias(recent).equals(alias)) {
            return recent;
        }
        NodeCertificate older = before;
        return older != null && alias(older).equals(alias) ? older : null;
    }

    private static String alias(NodeCertificate certificate) {
        return certificate.chain().getFirst().getSerialNumber().toString();
    }

    @Override
    public @Nullable String chooseEngineClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return choose(keyTypes);
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
            String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return choose(keyType);
    }

    @Override
    public @Nullable String chooseClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return choose(keyTypes);
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return choose(keyType);
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
        NodeCertificate found = find(alias);
        return found == null ? null : found.chain().toArray(X509Certificate[]::new);
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
        NodeCertificate found = find(alias);
        return found == null ? null : found.key();
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
        return null;
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
        return null;
    }
}
