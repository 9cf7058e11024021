/** Who may read which blob. */
@NullMarked
package io.pantala.proxy.grant;

import org.jspecify.annotations.NullMarked;
