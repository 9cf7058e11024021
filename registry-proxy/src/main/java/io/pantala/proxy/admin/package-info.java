/** What an operator's tools ask a node: whether it lives, whether it is ready, and its metrics. */
@NullMarked
package io.pantala.proxy.admin;

import org.jspecify.annotations.NullMarked;
