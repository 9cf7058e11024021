package io.pantala.proxy.intercept;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Set;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMException;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/** Certificates and keys in files. Each IOException names the file and says in one line what is wrong with it. */
final class Pem {
    private static final Base64.Encoder LINES = Base64.getMimeEncoder(64, new byte[] {'\n'});
    private static final FileAttribute<?> OWNER_ALONE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private Pem() {}

    /** The first certificate of a file. */
    static X509Certificate certificate(Path file) throws IOException {
        try (var in = new ByteArrayInputStream(read(file))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        } catch (GeneralSecurityException e) {
            throw new IOException(file + " holds no certificate in PEM", e);
        }
    }

    /** The key of a file, of any of the usual forms. */
    static PrivateKey key(Path file) throws IOException {
        try (Reader in = new StringReader(new String(read(file), US_ASCII));
                var parser = new PEMParser(in)) {
            var converter = new JcaPEMKeyConverter();
            for (Object found = parser.readObject(); found != null; found = parser.readObject()) {
                switch (found) {
                    case PrivateKeyInfo key -> {
                        return converter.getPrivateKey(key);
                    }
                    case PEMKeyPair keys -> {
                        return converter.getPrivateKey(keys.getPrivateKeyInfo());
                    }
                    default -> {
                        // Parameters of a curve, or certificates, stand before the key.
                    }
                }
            }
        } catch (PEMException e) {
            throw new IOException(file + " holds no key in PEM", e);
        }
        throw new IOException(file + " holds no key in PEM that is not encrypted");
    }

    static void write(Path file, X509Certificate certificate) throws IOException, GeneralSecurityException {
        replace(file, pem("CERTIFICATE", certificate.getEncoded()));
    }

    /** Writes a key that nobody but the owner may read, at no time. */
    static void writeSecret(Path file, PrivateKey key) throws IOException {
        boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
        replace(
                file,
                pem("PRIVATE KEY", key.getEncoded()),
                posix ? new FileAttribute<?>[] {OWNER_ALONE} : new FileAttribute<?>[0]);
    }

    private static String pem(String label, byte[] bytes) {
        return "-----BEGIN " + label + "-----\n" + LINES.encodeToString(bytes) + "\n-----END " + label + "-----\n";
    }

    private static void replace(Path file, String text, FileAttribute<?>... attributes) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.deleteIfExists(fresh);
            try (var channel = Files.newByteChannel(
                    fresh, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes)) {
                channel.write(US_ASCII.encode(text));
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new IOException(file + " can't be written: " + e, e);
        }
    }

    private static byte[] read(Path file) throws IOException {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new IOException(file + " is not there", e);
        } catch (IOException e) {
            throw new IOException(file + " can't be read: " + e.getMessage(), e);
        }
    }
}
