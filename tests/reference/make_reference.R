# Reference numbers for the tests, computed with R.
#
#   Rscript make_reference.R DATA_FOLDER OUT_FOLDER
#
# DATA_FOLDER holds ordinal_wine.csv, ordinal_soup.csv, lme4_VerbAgg.csv,
# lmerTest_carrots.csv and lme4_InstEval.csv.gz (not part of the repository).
# OUT_FOLDER receives the made-up data sets (sim_*.csv) and reference.json,
# which is rewritten after every case.  An optional third argument is a regular
# expression: only cases whose name matches it are computed anew, the others are
# kept from the reference.json already in OUT_FOLDER.
#
# Conventions: treatment coding, reference = first level.  Every clmm and glmer
# fit is polished after the package's own optimiser by Newton steps on the
# package's own objective function, and its standard errors come from a
# Richardson-extrapolated Hessian there.

suppressPackageStartupMessages({
  library(ordinal); library(lme4); library(lmerTest); library(glmmTMB)
  library(emmeans); library(jsonlite); library(numDeriv)
})
options(contrasts = c("contr.treatment", "contr.poly"), width = 500)

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 2) stop("usage: Rscript make_reference.R DATA_FOLDER OUT_FOLDER [REGEX]")
data_folder <- args[1]
out_folder <- args[2]
only <- if (length(args) > 2) args[3] else "."
dir.create(out_folder, showWarnings = FALSE, recursive = TRUE)
json_file <- file.path(out_folder, "reference.json")

# ---------------------------------------------------------------- bookkeeping
packages <- c("ordinal", "lme4", "lmerTest", "glmmTMB", "emmeans")
versions <- c(list(R = paste(R.version$major, R.version$minor, sep = ".")),
              sapply(packages, function(p) as.character(packageVersion(p)), simplify = FALSE))
cases <- list()
if (file.exists(json_file) && only != ".")
  cases <- read_json(json_file, simplifyVector = FALSE)$cases

write_out <- function() {
  txt <- toJSON(list(versions = versions, cases = cases[order(names(cases), method = "radix")]), auto_unbox = TRUE, digits = I(15),
                pretty = 1, na = "null", null = "null")
  tmp <- paste0(json_file, ".tmp"); writeLines(txt, tmp); file.rename(tmp, json_file)
}

num <- function(x) {           # named numeric vector -> named list (empty -> {})
  if (length(x) == 0) return(setNames(list(), character(0)))
  x <- unlist(x); setNames(lapply(as.numeric(x), identity), names(x))
}
notes <- character(0)          # warnings and messages of the running case
note <- function(...) notes <<- unique(c(notes, paste0(...)))
LEVELS <- list()               # set by as_factors: column -> level order

case <- function(name, expr) {
  if (!grepl(only, name)) return(invisible())
  code <- substitute(expr); env <- parent.frame()
  notes <<- character(0)
  t0 <- proc.time()[[3]]
  res <- tryCatch(withCallingHandlers(eval(code, env),
      warning = function(w) { if (!grepl("from RX differ|singular convergence|false convergence", conditionMessage(w))) note("warning: ", trimws(conditionMessage(w))); invokeRestart("muffleWarning") },
      message = function(m) { note("message: ", trimws(conditionMessage(m))); invokeRestart("muffleMessage") }),
    error = function(e) { note("error: ", conditionMessage(e)); list(engine = "failed") })
  res$messages <- as.list(notes)
  cases[[name]] <<- res
  write_out()
  cat(sprintf("%-44s %7.1fs  loglik %s  %s\n", name, proc.time()[[3]] - t0,
              format(if (is.null(res$loglik)) NA else res$loglik, digits = 12),
              paste(notes, collapse = " | ")))
}

# ------------------------------------------------------------------ describing
# every model is fitted through fit_xxx(call): `call` is a quoted R call
deparse1l <- function(x) gsub("[[:space:]]+", " ", paste(deparse(x, width.cutoff = 500L), collapse = " "))

first_six <- function(nm) head(sort(nm, method = "radix"), 6)

ranef_to_list <- function(re, sd) { # lists of data frames by group
  out <- list()
  for (g in names(re)) {
    lv <- first_six(rownames(re[[g]]))
    out[[g]] <- setNames(lapply(lv, function(l) {
      setNames(lapply(colnames(re[[g]]), function(e)
        list(mode = re[[g]][l, e], sd = if (is.null(sd)) NULL else sd[[g]][l, e])), colnames(re[[g]]))
    }), lv)
  }
  out
}

vc_to_lists <- function(vc) { # VarCorr-like list of matrices with stddev/correlation
  sds <- list(); cors <- setNames(list(), character(0))
  for (i in seq_along(vc)) {
    g <- sub("\\.[0-9]+$", "", names(vc)[i])
    s <- attr(vc[[i]], "stddev"); r <- attr(vc[[i]], "correlation")
    nm <- rownames(vc[[i]]); if (is.null(nm)) nm <- names(s)
    for (j in seq_along(nm)) sds[[paste(g, nm[j], sep = "/")]] <- unname(s[j])
    if (length(nm) > 1) for (j in 2:length(nm)) for (k in 1:(j - 1))
      cors[[paste(g, nm[k], nm[j], sep = "/")]] <- unname(as.matrix(r)[j, k])
  }
  list(sd = sds, corr = cors)
}

head_of <- function(engine, call, data, ...) c(list(engine = engine, call = deparse1l(call), data = data), list(...))

# ------------------------------------------------------------ Newton polishing
polish <- function(fn, par, free = rep(TRUE, length(par)), rounds = 6) {
  f <- function(p) { q <- par0; q[free] <- p; fn(q) }
  par0 <- par; p <- par[free]; best <- f(p); start <- best
  for (k in seq_len(rounds)) {
    g <- numDeriv::grad(f, p)
    H <- if (k <= 2) numDeriv::hessian(f, p) else H
    step <- tryCatch(solve(H, g), error = function(e) NULL)
    if (is.null(step)) break
    s <- 1; moved <- FALSE
    while (s > 1e-3) {
      v <- f(p - s * step)
      if (is.finite(v) && v <= best + 1e-11) { p <- p - s * step; best <- min(v, best); moved <- TRUE; break }
      s <- s / 2
    }
    if (!moved || max(abs(step)) < 1e-8) break
  }
  g <- numDeriv::grad(f, p); H <- numDeriv::hessian(f, p)
  q <- par0; q[free] <- p
  f(p) # leave the objective's environment at the optimum
  list(par = q, value = f(p), max_gradient = max(abs(g)), hessian = H, gain = start - f(p))
}

# ------------------------------------------------------------------------ clmm
# Flaws of ordinal 2022.11-16 that are stepped around here:
#  * its compiled code for one scalar random effect evaluates log|H| one Newton step late, so that
#    the Laplace loglik is wrong by up to 1e-4 at usual inner tolerances and noisy at smaller ones;
#  * the same code has the links cloglog and loglog swapped (the R code and clm() have them right).
# So Laplace fits (nAGQ = 1) use the R code, useMatrix = TRUE, and quadrature uses the compiled code
# with a small inner tolerance (the quadrature hardly depends on where it is centred).
#  * it takes 1e5 for infinity at the outer categories, in clm() too: with link cauchit, and only
#    there, that makes the loglik too low by about 3e-6 per observation in an end category.
tight_with <- function(gradTol, ...) clmm.control(maxIter = 200, gradTol = gradTol, maxLineIter = 200, innerCtrl = "noWarn",
  rel.tol = 1e-13, x.tol = 1e-10, eval.max = 20000, iter.max = 20000, ...)
tight_matrix <- tight_with(1e-6, useMatrix = TRUE)
tight_compiled <- tight_with(1e-10)
CAUCHIT <- "ordinal takes 1e5 for infinity at the outer categories: with cauchit its loglik is about 2e-4 too low here and estimates are off in the 4th or 5th digit"

fit_clmm <- function(call, data, formula, link = "logit", threshold = "flexible", nAGQ = 1L, ...) {
  env <- parent.frame()
  call$link <- link; call$threshold <- threshold; call$nAGQ <- nAGQ
  shown <- call
  scalar <- grepl("^[^|]*\\(1 \\| [a-z]+\\)$", sub("^.*~", "", formula), ignore.case = TRUE)
  compiled <- nAGQ != 1L || link == "cauchit"      # the R code fails for cauchit
  call$control <- if (compiled) quote(tight_compiled) else quote(tight_matrix)
  if (link == "cauchit") note(CAUCHIT)
  if (scalar && !compiled) {
    shown$control <- quote(clmm.control(useMatrix = TRUE))
    plain <- call; plain$control <- NULL
    ll <- tryCatch(eval(plain, env)$logLik, error = function(e) NA)
    if (link %in% c("cloglog", "loglog")) note(sprintf(
      "ordinal's compiled code (the default, without useMatrix = TRUE) has cloglog and loglog swapped; its loglik is %.10f", ll))
    else note(sprintf("ordinal's default control gives loglik %.10f (its compiled code is less exact)", ll))
  }
  m0 <- eval(call, env)
  rho_call <- call; rho_call$doFit <- FALSE
  rho <- eval(rho_call, env)
  ns <- asNamespace("ordinal")
  ssr <- !is.null(rho$ntau)                    # single scalar random effect
  fn <- if (!ssr) function(p) ns$getNLA(rho, p) else if (nAGQ < 0) function(p) ns$getNGHQ.ssr(rho, p)
        else if (nAGQ > 1) function(p) ns$getNAGQ.ssr(rho, p) else function(p) ns$getNLA.ssr(rho, p)
  par0 <- m0$optRes$par
  nfe <- m0$dims$nfepar
  # only for vector-valued terms are the diagonal elements bounded below by 0
  at_bound <- if (ssr) rep(FALSE, length(par0)) else as.logical(ns$paratBoundary2(m0))
  if (any(at_bound)) {                         # an SD below 1e-3: put it at exactly 0 if that is no worse
    zero <- par0; zero[at_bound] <- 0
    v <- tryCatch(fn(zero), error = function(e) Inf)
    if (is.finite(v) && v <= fn(par0) + 1e-9) par0 <- zero else note("SD near 0 kept as estimated")
  }
  pol <- polish(fn, par0, !at_bound)
  call2 <- call
  call2$start <- if (ssr) pol$par else list(pol$par[seq_len(nfe)], pol$par[-seq_len(nfe)])
  m <- eval(call2, env)
  if (abs(m$logLik + pol$value) > 1e-7)
    note(sprintf("refit differs from polished loglik by %.1e", m$logLik + pol$value))
  if (any(at_bound)) note("singular: a random-effect SD is at the boundary")
  if (pol$max_gradient > 1e-3) note(sprintf("max |gradient| after polishing %.2e", pol$max_gradient))
  free_fe <- seq_len(nfe)
  V <- tryCatch(solve(pol$hessian), error = function(e) matrix(NA_real_, nrow(pol$hessian), nrow(pol$hessian)))
  se <- sqrt(diag(V))[free_fe]
  if (anyNA(se)) {
    plain <- call; plain$control <- NULL
    se <- sqrt(diag(vcov(eval(plain, env))))[free_fe]
    note("standard errors from the package's default fit: the polished Hessian is not positive definite (rough objective)")
  }
  est <- setNames(pol$par[free_fe], names(m$coefficients)[free_fe])
  names(se) <- names(est)
  na <- m$dims$nalpha
  vc <- vc_to_lists(VarCorr(m))
  if (length(unlist(vc$corr)) && any(abs(abs(unlist(vc$corr)) - 1) < 1e-4)) note("singular: a correlation is +-1")
  cv <- tryCatch(lapply(condVar(m), sqrt), error = function(e) NULL)
  ths <- if (threshold == "flexible") NULL else num(setNames(as.vector(m$Theta), colnames(m$Theta)))
  c(head_of("ordinal::clmm", shown, data), list(formula = formula, link = link, reml = FALSE,
    nAGQ = nAGQ, threshold = threshold), list(...),
    list(loglik = -pol$value, df = m$dims$edf, nobs = m$dims$nobs,
      params = num(est[-seq_len(na)]), se = num(se[-seq_len(na)]),
      thresholds = num(est[seq_len(na)]), thresholds_se = num(se[seq_len(na)]), 
      random_sd = vc$sd, random_corr = vc$corr,
      ranef_head = ranef_to_list(lme4::ranef(m), cv),
      max_gradient = pol$max_gradient, polish_gain = pol$gain),
    if (!is.null(ths)) list(cutpoints = ths))
}

# ------------------------------------------------------------------------- clm
clm_tight <- clm.control(gradTol = 1e-9, maxIter = 200, maxLineIter = 50)
clm_body <- function(m) {
  s <- coef(summary(m))[, "Std. Error"]
  est <- coef(m)
  k <- c(alpha = length(m$alpha), beta = length(m$beta), zeta = length(m$zeta))
  a <- seq_len(k[1]); b <- k[1] + seq_len(k[2]); z <- k[1] + k[2] + seq_len(k[3])
  c(list(loglik = as.numeric(m$logLik), df = m$edf, nobs = m$nobs,
    params = num(est[b]), se = num(s[b]), thresholds = num(est[a]), thresholds_se = num(s[a]),
    max_gradient = max(abs(m$gradient))),
    if (k[3]) list(scale_params = num(est[z]), scale_se = num(s[z])))
}
fit_clm <- function(call, data, formula, link = "logit", threshold = "flexible", ...) {
  env <- parent.frame()
  call$link <- link; call$threshold <- threshold
  shown <- call; call$control <- quote(clm_tight)
  m <- eval(call, env)
  if (m$convergence$code != 0) note("clm convergence: ", m$message)
  LAST <<- m
  if (link == "cauchit") note(CAUCHIT)
  cut <- if (threshold == "flexible" || is.matrix(m$Theta) && nrow(m$Theta) > 1) NULL
         else { th <- as.numeric(m$tJac %*% m$alpha); num(setNames(th, rownames(m$tJac))) }
  x <- c(head_of("ordinal::clm", shown, data), list(formula = formula, link = link, reml = FALSE,
         threshold = threshold), list(...), clm_body(m))
  if (!is.null(cut)) x$cutpoints <- cut
  if (!is.null(m$alpha.mat)) {
    am <- m$alpha.mat
    x$nominal_table <- setNames(lapply(rownames(am), function(r) num(setNames(am[r, ], colnames(am)))), rownames(am))
  }
  x
}
test_table <- function(tt) {
  r <- setdiff(rownames(tt), "<none>")
  setNames(lapply(r, function(i) list(df = tt[i, "Df"], loglik = tt[i, "logLik"], aic = tt[i, "AIC"],
                                      lrt = tt[i, "LRT"], p = tt[i, "Pr(>Chi)"])), r)
}
ci_table <- function(ci) setNames(lapply(rownames(ci), function(r) list(lower = ci[r, 1], upper = ci[r, 2])), rownames(ci))

# ------------------------------------------------------------------------ lmer
lctl <- lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 200000, rhoend = 1e-10), calc.derivs = TRUE)
gctl <- glmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 200000, rhoend = 1e-9), tolPwrss = 1e-11)

lme4_ranef <- function(m) {
  re <- lme4::ranef(m, condVar = TRUE)
  sd <- lapply(re, function(d) {
    pv <- attr(d, "postVar")
    arrays <- if (is.list(pv)) pv else list(pv)          # a list for (1 + x || g)
    s <- do.call(cbind, lapply(arrays, function(a) matrix(apply(a, 3, diag), nrow = nrow(d), byrow = TRUE)))
    s <- as.data.frame(sqrt(s)); dimnames(s) <- dimnames(as.matrix(d)); s
  })
  ranef_to_list(lapply(re, as.data.frame), sd)
}
lme4_random <- function(m) {
  vc <- VarCorr(m); x <- vc_to_lists(vc)
  if (isLMM(m)) x$sd[["residual"]] <- attr(vc, "sc")
  x
}
fit_lmer <- function(call, data, formula, reml = TRUE, anova3 = FALSE, ...) {
  env <- parent.frame()
  call$REML <- reml
  shown <- call; call$control <- quote(lctl)
  m <- eval(call, env)
  LAST <<- m
  if (isSingular(m, tol = 1e-4)) note("singular")
  cs <- coef(summary(m))
  r <- lme4_random(m)
  x <- c(head_of("lmerTest::lmer", shown, data), list(formula = formula, link = "identity", reml = reml),
    list(...), list(loglik = as.numeric(logLik(m, REML = reml)), df = attr(logLik(m), "df"), nobs = nobs(m),
      params = num(setNames(cs[, "Estimate"], rownames(cs))), se = num(setNames(cs[, "Std. Error"], rownames(cs))),
      thresholds = num(NULL), thresholds_se = num(NULL),
      random_sd = r$sd, random_corr = r$corr, ranef_head = lme4_ranef(m),
      satterthwaite_df = num(setNames(cs[, "df"], rownames(cs))),
      p_values = num(setNames(cs[, "Pr(>|t|)"], rownames(cs))),
      max_gradient = if (is.null(m@optinfo$derivs)) NULL else max(abs(m@optinfo$derivs$gradient))))
  if (anova3) {
    a <- anova(m, type = 3)
    x$anova3 <- setNames(lapply(rownames(a), function(i) list(sum_sq = a[i, 1], mean_sq = a[i, 2],
      num_df = a[i, 3], den_df = a[i, 4], F = a[i, 5], p = a[i, 6])), rownames(a))
  }
  x
}
fit_glmer <- function(call, data, formula, link = "logit", nAGQ = 1L, ...) {
  env <- parent.frame()
  call$nAGQ <- nAGQ
  shown <- call; call$control <- quote(gctl)
  m <- eval(call, env)
  dev_call <- call; dev_call$devFunOnly <- TRUE
  devf <- eval(dev_call, env)
  th <- getME(m, "theta"); fe <- fixef(m); nt <- length(th)
  at_bound <- c(getME(m, "lower") == 0 & th < 1e-4, rep(FALSE, length(fe)))
  half <- function(p) devf(p) / 2
  pol <- polish(half, c(th, fe), !at_bound)
  th2 <- pol$par[seq_len(nt)]; fe2 <- setNames(pol$par[-seq_len(nt)], names(fe))
  call2 <- call; call2$start <- list(theta = th2, fixef = fe2)
  call2$control <- quote(glmerControl(optimizer = "bobyqa", tolPwrss = 1e-11,
                                      optCtrl = list(rhobeg = 1e-7, rhoend = 1e-9, maxfun = 20000)))
  m2 <- suppressWarnings(eval(call2, env))
  if (isSingular(m2, tol = 1e-4)) note("singular")
  ll <- as.numeric(logLik(m2))
  if (link != "logit" && nAGQ == 1L)
    note("lme4's Laplace approximation uses the expected (Fisher) information: for a link that is not canonical it differs from the true (observed Hessian) Laplace of glmmTMB")
  if (abs(ll - as.numeric(logLik(m))) > 1e-6) note(sprintf("loglik gain from polishing %.2e", ll - as.numeric(logLik(m))))
  V <- solve(pol$hessian); se <- sqrt(diag(V))
  se <- setNames(tail(se, length(fe)), names(fe))
  r <- lme4_random(m2)
  c(head_of("lme4::glmer", shown, data), list(formula = formula, link = link, reml = FALSE, nAGQ = nAGQ),
    list(...), list(loglik = ll, df = attr(logLik(m2), "df"), nobs = nobs(m2),
      params = num(fixef(m2)), se = num(se),
      se_without_theta = num(sqrt(diag(as.matrix(vcov(m2, use.hessian = FALSE))))),
      thresholds = num(NULL), thresholds_se = num(NULL),
      random_sd = r$sd, random_corr = r$corr, ranef_head = lme4_ranef(m2),
      max_gradient = pol$max_gradient,
      notes_se = "se: from the joint Hessian of theta and the fixed effects; se_without_theta: lme4's use.hessian=FALSE"))
}
fit_tmb <- function(call, data, formula, link, reml = FALSE, ...) {
  env <- parent.frame()
  m <- eval(call, env)
  p <- m$fit$par                          # Newton steps with the exact gradient, then a refit from there
  gr <- function(q) as.numeric(m$obj$gr(q))
  for (k in 1:4) p <- p - solve(numDeriv::jacobian(gr, p), gr(p))
  if (m$obj$fn(p) <= m$fit$objective + 1e-9) {
    call2 <- call; call2$start <- split(unname(p), names(m$fit$par)); m <- eval(call2, env)
  } else note("glmmTMB: Newton steps did not help")
  if (!isTRUE(m$sdr$pdHess)) note("glmmTMB: Hessian not positive definite")
  cs <- coef(summary(m))$cond
  vc <- VarCorr(m)$cond; x <- vc_to_lists(vc)
  if (link == "identity") x$sd[["residual"]] <- sigma(m)
  g <- as.numeric(m$obj$gr(m$fit$par))   # nlminb's own code says "singular" or "false convergence" under so tight a tolerance
  if (max(abs(g)) > 2e-3) note(sprintf("glmmTMB: max |gradient| %.1e, nlminb says %s", max(abs(g)), m$fit$message))
  c(head_of("glmmTMB::glmmTMB", call, data), list(formula = formula, link = link, reml = reml), list(...),
    list(loglik = as.numeric(logLik(m)), df = attr(logLik(m), "df"), nobs = nobs(m),
      params = num(setNames(cs[, 1], rownames(cs))), se = num(setNames(cs[, 2], rownames(cs))),
      thresholds = num(NULL), thresholds_se = num(NULL), random_sd = x$sd, random_corr = x$corr,
      max_gradient = max(abs(g))))
}
tmbctl <- glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-14))

# ------------------------------------------------------------- the shared data
read_shared <- function(f) read.csv(file.path(data_folder, f), stringsAsFactors = FALSE, na.strings = "NA",
                                    check.names = FALSE)
fac <- function(x, levels = sort(unique(as.character(x[!is.na(x)])), method = "radix")) factor(as.character(x), levels = levels)

wine <- within(read_shared("ordinal_wine.csv"), {
  rating <- factor(rating, levels = 1:5, ordered = TRUE); temp <- fac(temp); contact <- fac(contact); judge <- fac(judge) })
F_WINE <- "shared/ordinal_wine.csv"
R_WINE <- "all 72 rows; rating ordered 1<2<3<4<5; temp: cold, warm; contact: no, yes"

soup <- within(read_shared("ordinal_soup.csv"), {
  SURENESS <- factor(SURENESS, levels = 1:6, ordered = TRUE); PROD <- fac(PROD); DAY <- fac(DAY); RESP <- fac(RESP)
  GENDER <- fac(GENDER); AGEGROUP <- fac(AGEGROUP); LOCATION <- fac(LOCATION) })
F_SOUP <- "shared/ordinal_soup.csv"
R_SOUP <- paste("all 1847 rows; SURENESS ordered 1..6; factors PROD: Ref, Test; DAY: 1, 2; GENDER: Female, Male;",
                "AGEGROUP: 18-30, 31-40, 41-50, 51-65; LOCATION: Region 1, 2, 3")

carrots <- read_shared("lmerTest_carrots.csv")
for (v in c("Consumer", "Frequency", "Gender", "Age", "Homesize", "Work", "Income", "Product")) carrots[[v]] <- fac(carrots[[v]])
F_CAR <- "shared/lmerTest_carrots.csv"
R_CAR <- paste("rows with Preference missing dropped (1233 left); numeric Preference and sens2; factors Homesize: 1, 3;",
               "Gender: 1, 2; Age: 1..4; Income: 1..4; Consumer; Product")
car <- carrots[!is.na(carrots$Preference), ]

verb <- read_shared("lme4_VerbAgg.csv")
verb <- within(verb, {
  Gender <- fac(Gender); item <- fac(item); id <- fac(id); btype <- fac(btype); situ <- fac(situ)
  mode <- factor(mode, levels = c("want", "do")); r2 <- factor(r2, levels = c("N", "Y"))
  resp <- factor(resp, levels = c("no", "perhaps", "yes"), ordered = TRUE) })
F_VERB <- "shared/lme4_VerbAgg.csv"
R_VERB <- paste("all 7584 rows; factors Gender: F, M; btype: curse, scold, shout; situ: other, self;",
                "mode: want, do (NOT alphabetic: reference is want); r2: N, Y (Y is the event); resp: no<perhaps<yes; Anger numeric")

inst <- read_shared("lme4_InstEval.csv.gz")
for (v in c("s", "d", "studage", "lectage", "service", "dept")) inst[[v]] <- fac(inst[[v]])
F_INST <- "shared/lme4_InstEval.csv.gz"
R_INST <- paste("all 73421 rows; y numeric; s, d, dept, service (0, 1), studage (2,4,6,8) and lectage (1..6) read as factors",
                "with treatment coding; dept:service in the random part is the interaction factor")

# ------------------------------------------------------------------ made-up data
save_sim <- function(d, f) {
  write.csv(d, file.path(out_folder, f), row.names = FALSE, quote = FALSE)
  read.csv(file.path(out_folder, f), stringsAsFactors = FALSE)   # what Python will see
}
cut_ord <- function(latent, cuts) 1L + rowSums(outer(latent, cuts, ">"))
rl <- function(n) round(rnorm(n), 4)

set.seed(101)
w <- expand.grid(person = sprintf("p%02d", 1:40), item = sprintf("i%02d", 1:12))
w$x <- rl(nrow(w)); w$weight <- round(runif(nrow(w), 0.5, 3), 3)
w$count <- sample(1:4, nrow(w), TRUE)
pe <- rnorm(40, 0, .8); ie <- rnorm(12, 0, .5)
eta <- .5 * w$x + pe[as.integer(w$person)] + ie[as.integer(w$item)]
w$y <- round(3 + eta + rnorm(nrow(w)) / sqrt(w$weight), 4)
w$rating <- cut_ord(eta + rlogis(nrow(w)), c(-1.5, -.3, .8, 2))
w <- save_sim(w, "sim_weights.csv")
w <- within(w, { person <- fac(person); item <- fac(item); rating <- factor(rating, levels = 1:5, ordered = TRUE) })

set.seed(102)
ne <- expand.grid(rep = 1:5, b = c("b1", "b2", "b3", "b4"), a = sprintf("a%02d", 1:25))
ne$ab <- paste(ne$a, ne$b, sep = ":"); ne$x <- rl(nrow(ne))
ae <- rnorm(25, 0, .9); abe <- rnorm(100, 0, .6)
eta <- .4 * ne$x + ae[as.integer(ne$a)] + abe[as.integer(factor(ne$ab))]
ne$y <- round(2 + eta + rnorm(nrow(ne)), 4)
ne$rating <- cut_ord(eta + rlogis(nrow(ne)), c(-1.2, .2, 1.5))
ne <- save_sim(ne[, c("a", "b", "ab", "x", "y", "rating")], "sim_nested.csv")
ne <- within(ne, { a <- fac(a); b <- fac(b); ab <- fac(ab); rating <- factor(rating, levels = 1:4, ordered = TRUE) })

set.seed(103)
sl <- expand.grid(h = sprintf("h%02d", 1:15), g = sprintf("g%02d", 1:40))
sl$x <- rl(nrow(sl)); sl$z <- rl(nrow(sl))
L <- t(chol(matrix(c(1, .3, .1, .3, .49, -.1, .1, -.1, .36), 3)))
bg <- matrix(rnorm(120), 40) %*% t(L); bh <- matrix(rnorm(30), 15) %*% diag(c(.6, .4))
gi <- as.integer(sl$g); hi <- as.integer(sl$h)
eta <- .6 * sl$x - .3 * sl$z + bg[gi, 1] + bg[gi, 2] * sl$x + bg[gi, 3] * sl$z + bh[hi, 1] + bh[hi, 2] * sl$z
sl$y <- round(1 + eta + rnorm(nrow(sl)), 4)
sl$rating <- cut_ord(eta + rlogis(nrow(sl)), c(-1.5, 0, 1.5))
sl <- save_sim(sl, "sim_slopes.csv")
sl <- within(sl, { g <- fac(g); h <- fac(h); rating <- factor(rating, levels = 1:4, ordered = TRUE) })

set.seed(104)
em <- expand.grid(q = 1:10, g = sprintf("g%02d", 1:30)); em$q <- NULL
em$x <- rl(nrow(em)); em$group <- ifelse(runif(nrow(em)) < .5, "A", "B")
eta <- .7 * em$x + .5 * (em$group == "B") + rnorm(30, 0, .8)[as.integer(em$g)]
em$rating <- c(1L, 2L, 4L, 5L)[cut_ord(eta + rlogis(nrow(em)), c(-1, .4, 1.8))]   # category 3 never used
em <- save_sim(em, "sim_empty.csv")
em <- within(em, { g <- fac(g); group <- fac(group); rating <- factor(rating, levels = sort(unique(rating)), ordered = TRUE) })

set.seed(105)
sg <- expand.grid(rep = 1:8, g = sprintf("g%02d", 1:24)); sg$x <- rl(nrow(sg)); gi <- as.integer(sg$g)
e <- rnorm(nrow(sg)); e <- e - ave(e, gi); sg$x <- round(sg$x - ave(sg$x, gi), 4)
sg$y0 <- round(1 + .5 * sg$x + e, 4)                       # group means all equal: variance exactly 0
b0 <- rnorm(24)
sg$y1 <- round(1 + .5 * sg$x + b0[gi] + .5 * b0[gi] * sg$x + rnorm(nrow(sg)), 4)   # intercept and slope proportional
sg <- save_sim(sg, "sim_singular.csv"); sg$g <- fac(sg$g)

set.seed(106)
bi <- expand.grid(rep = 1:15, g = sprintf("g%02d", 1:50)); bi$x <- rl(nrow(bi)); gi <- as.integer(bi$g)
bb <- matrix(rnorm(100), 50) %*% chol(matrix(c(.8, .3, .3, .5), 2))
bi$y <- rbinom(nrow(bi), 1, plogis(-.3 + .8 * bi$x + bb[gi, 1] + bb[gi, 2] * bi$x))
bi <- save_sim(bi, "sim_binary.csv"); bi$g <- fac(bi$g)

set.seed(107)
po <- expand.grid(rep = 1:12, g = sprintf("g%02d", 1:30)); po$rep <- NULL
po$x <- rl(nrow(po)); po$cond <- sample(c("a", "b", "c"), nrow(po), TRUE)
eta <- .5 * po$x - .3 * po$x^2 + c(a = 0, b = .6, c = -.4)[po$cond] + c(a = 0, b = .5, c = -.2)[po$cond] * po$x +
  rnorm(30, 0, .7)[as.integer(po$g)]
po$rating <- cut_ord(eta + rlogis(nrow(po)), c(-2, -.8, .3, 1.5))
po <- save_sim(po, "sim_poly.csv")
po <- within(po, { g <- fac(g); cond <- fac(cond); rating <- factor(rating, levels = 1:5, ordered = TRUE) })

# =================================================================== A. wine
for (a in c(1L, 10L)) case(paste0("wine_clmm_logit_agq", a),
  fit_clmm(quote(clmm(rating ~ temp + contact + (1 | judge), data = wine)), F_WINE,
           "rating ~ temp + contact + (1 | judge)", nAGQ = a, rows = R_WINE))
for (l in c("probit", "cloglog", "loglog", "cauchit")) case(paste0("wine_clmm_", l),
  fit_clmm(quote(clmm(rating ~ temp + contact + (1 | judge), data = wine)), F_WINE,
           "rating ~ temp + contact + (1 | judge)", link = l, rows = R_WINE))
for (th in c("symmetric", "symmetric2", "equidistant")) case(paste0("wine_clmm_", th),
  fit_clmm(quote(clmm(rating ~ temp + contact + (1 | judge), data = wine)), F_WINE,
           "rating ~ temp + contact + (1 | judge)", threshold = th, rows = R_WINE))
case("wine_clmm_slope", fit_clmm(quote(clmm(rating ~ temp + contact + (1 + contact | judge), data = wine)), F_WINE,
  "rating ~ temp + contact + (1 + contact | judge)", rows = R_WINE))
case("wine_clmm_judge_bottle", fit_clmm(quote(clmm(rating ~ temp + contact + (1 | judge) + (1 | bottle), data = wine)),
  F_WINE, "rating ~ temp + contact + (1 | judge) + (1 | bottle)", rows = R_WINE))

wine$bottle <- fac(wine$bottle)
wine_clm <- function(call, formula = "rating ~ temp + contact", ...) fit_clm(call, F_WINE, formula, rows = R_WINE, ...)
for (l in c("logit", "probit", "cloglog", "loglog", "cauchit")) case(paste0("wine_clm_", l),
  wine_clm(quote(clm(rating ~ temp + contact, data = wine)), link = l))
for (th in c("symmetric", "symmetric2", "equidistant")) case(paste0("wine_clm_", th),
  wine_clm(quote(clm(rating ~ temp + contact, data = wine)), threshold = th))
case("wine_clm_nominal_contact", wine_clm(quote(clm(rating ~ temp, nominal = ~contact, data = wine)),
  "rating ~ temp", nominal = "~ contact"))
case("wine_clm_scale_contact", wine_clm(quote(clm(rating ~ temp + contact, scale = ~contact, data = wine)),
  scale = "~ contact"))
case("wine_clm_scale_temp_nominal_contact", wine_clm(quote(clm(rating ~ temp, scale = ~temp, nominal = ~contact, data = wine)),
  "rating ~ temp", scale = "~ temp", nominal = "~ contact"))
case("wine_clm_tests", {
  x <- wine_clm(quote(clm(rating ~ temp + contact, data = wine))); m <- LAST
  d <- update(m, control = NULL)   # nominal_test() fails silently on a fit whose call has a control
  x$nominal_test <- test_table(nominal_test(d)); x$scale_test <- test_table(scale_test(d))
  x$confint_profile <- ci_table(confint(m, type = "profile", level = .95))
  x$confint_wald <- ci_table(confint(m, type = "Wald", level = .95)); x$confint_level <- .95
  d <- drop1(m, test = "Chisq")
  x$drop1 <- setNames(lapply(rownames(d)[-1], function(i) list(df = d[i, "Df"], lrt = d[i, "LRT"], p = d[i, "Pr(>Chi)"])), rownames(d)[-1])
  x })

# =================================================================== A. soup
soup_clm <- function(call, formula, ...) fit_clm(call, F_SOUP, formula, rows = R_SOUP, ...)
case("soup_clm_scale_prod", soup_clm(quote(clm(SURENESS ~ PROD, scale = ~PROD, data = soup)), "SURENESS ~ PROD", scale = "~ PROD"))
case("soup_clm_nominal_prod", soup_clm(quote(clm(SURENESS ~ 1, nominal = ~PROD, data = soup)), "SURENESS ~ 1", nominal = "~ PROD"))
case("soup_clm_scale_nominal", soup_clm(quote(clm(SURENESS ~ PROD, scale = ~PROD, nominal = ~DAY, data = soup)),
  "SURENESS ~ PROD", scale = "~ PROD", nominal = "~ DAY"))
case("soup_clm_tests", {
  x <- soup_clm(quote(clm(SURENESS ~ PROD + DAY + GENDER, data = soup)), "SURENESS ~ PROD + DAY + GENDER"); m <- LAST
  d <- update(m, control = NULL)   # nominal_test() fails silently on a fit whose call has a control
  x$nominal_test <- test_table(nominal_test(d)); x$scale_test <- test_table(scale_test(d))
  x$confint_profile <- ci_table(confint(m, type = "profile")); x$confint_wald <- ci_table(confint(m, type = "Wald"))
  x$confint_level <- .95
  x })
case("soup_clmm_slope_probit", fit_clmm(quote(clmm(SURENESS ~ PROD + (1 + PROD | RESP), data = soup)), F_SOUP,
  "SURENESS ~ PROD + (1 + PROD | RESP)", link = "probit", rows = R_SOUP))
soup_rf <- soup; soup_rf$GENDER <- factor(soup$GENDER, levels = c("Male", "Female"))
case("soup_clmm_reference", fit_clmm(quote(clmm(SURENESS ~ PROD + GENDER + AGEGROUP + LOCATION + (1 | RESP), data = soup)), F_SOUP,
  "SURENESS ~ PROD + GENDER + AGEGROUP + LOCATION + (1 | RESP)", link = "probit", rows = R_SOUP,
  notes = "same model as r_reference_fits.R, but GENDER reference is Female (alphabetic), so GENDERMale = -GENDERFemale"))

# ================================================================ A. carrots
car_lmer <- function(call, formula, ...) fit_lmer(call, F_CAR, formula, rows = R_CAR, ...)
cin <- car[!is.na(car$Income), ]
cin$Pref <- factor(cin$Preference, levels = 1:7, ordered = TRUE)
car$Pref <- factor(car$Preference, levels = 1:7, ordered = TRUE)
for (r in c(TRUE, FALSE)) case(paste0("carrots_lmer_slope_", if (r) "reml" else "ml"),
  car_lmer(quote(lmer(Preference ~ sens2 + Homesize + (1 + sens2 | Consumer), data = car)),
    "Preference ~ sens2 + Homesize + (1 + sens2 | Consumer)", reml = r, anova3 = TRUE))
for (r in c(TRUE, FALSE)) case(paste0("carrots_lmer_uncorrelated_", if (r) "reml" else "ml"),
  car_lmer(quote(lmer(Preference ~ sens2 + Homesize + (1 + sens2 || Consumer), data = car)),
    "Preference ~ sens2 + Homesize + (1 + sens2 || Consumer)", reml = r, anova3 = TRUE))
case("carrots_lmer_slope_only_reml",
  car_lmer(quote(lmer(Preference ~ sens2 + Homesize + (0 + sens2 | Consumer) + (1 | Product), data = car)),
    "Preference ~ sens2 + Homesize + (0 + sens2 | Consumer) + (1 | Product)", anova3 = TRUE))
for (r in c(TRUE, FALSE)) case(paste0("carrots_lmer_crossed_", if (r) "reml" else "ml"),
  car_lmer(quote(lmer(Preference ~ sens2 + Homesize + (1 | Consumer) + (1 | Product), data = car)),
    "Preference ~ sens2 + Homesize + (1 | Consumer) + (1 | Product)", reml = r, anova3 = TRUE))
case("carrots_lmer_interaction_reml",
  car_lmer(quote(lmer(Preference ~ Homesize * Gender + Age * sens2 + (1 | Consumer) + (1 | Product), data = car)),
    "Preference ~ Homesize * Gender + Age * sens2 + (1 | Consumer) + (1 | Product)", anova3 = TRUE))
case("carrots_lmer_crossed_full_ml",
  car_lmer(quote(lmer(Preference ~ sens2 + Homesize + Gender + Age + (1 | Consumer) + (1 | Product), data = car)),
    "Preference ~ sens2 + Homesize + Gender + Age + (1 | Consumer) + (1 | Product)", reml = FALSE, anova3 = TRUE))
case("carrots_lmer_lrt", {
  x <- car_lmer(quote(lmer(Preference ~ sens2 + Homesize + (1 | Consumer) + (1 | Product), data = car)),
    "Preference ~ sens2 + Homesize + (1 | Consumer) + (1 | Product)", reml = FALSE)
  m0 <- LAST
  m1 <- lmer(Preference ~ sens2 + Homesize + Gender + Age + (1 | Consumer) + (1 | Product), data = car, REML = FALSE, control = lctl)
  m2 <- lmer(Preference ~ sens2 + Homesize + (1 | Consumer), data = car, REML = FALSE, control = lctl)
  m3 <- lmer(Preference ~ sens2 + Homesize + (1 + sens2 | Consumer), data = car, REML = FALSE, control = lctl)
  lrt <- function(a, b, fa, fb) { v <- anova(a, b, refit = FALSE)
    list(small = fa, large = fb, chisq = v$Chisq[2], df = v$Df[2], p = v$`Pr(>Chisq)`[2],
         loglik_small = as.numeric(logLik(a)), loglik_large = as.numeric(logLik(b)),
         aic_small = AIC(a), aic_large = AIC(b), bic_small = BIC(a), bic_large = BIC(b)) }
  fo <- function(m) deparse1l(formula(m))
  x$lrt <- list(fixed = lrt(m0, m1, fo(m0), fo(m1)), random_product = lrt(m2, m0, fo(m2), fo(m0)),
                random_slope = lrt(m2, m3, fo(m2), fo(m3)))
  ci <- confint(m0, method = "profile", oldNames = FALSE, quiet = TRUE)
  x$confint_profile <- ci_table(ci); x$confint_level <- .95
  x$confint_wald <- ci_table(confint(m0, method = "Wald", parm = "beta_", quiet = TRUE))
  x$notes <- "all fits ML; lme4's chi-square p values are not halved for variances; profile intervals of SDs and residual SD by lme4 (spline interpolated, about 1e-3 accurate)"
  x })
case("carrots_clmm_reference", fit_clmm(
  quote(clmm(Pref ~ Homesize + Gender + Age + Income + (1 | Consumer) + (1 | Product), data = cin)), F_CAR,
  "Preference ~ Homesize + Gender + Age + Income + (1 | Consumer) + (1 | Product)",
  rows = paste0(R_CAR, "; also rows with Income missing dropped (1161 left); Preference ordered 1..7")))
case("carrots_clmm_slope", fit_clmm(
  quote(clmm(Pref ~ sens2 + Homesize + (1 + sens2 | Consumer), data = car)), F_CAR,
  "Preference ~ sens2 + Homesize + (1 + sens2 | Consumer)", rows = paste0(R_CAR, "; Preference ordered 1..7")))

# ====================================================== C. effects by emmeans
emm_rows <- function(s, by = NULL) {
  s <- as.data.frame(s); est <- intersect(c("emmean", "estimate", "prob", "mean.class", "mean"), names(s))[1]
  lapply(seq_len(nrow(s)), function(i) {
    lab <- s[i, setdiff(names(s)[seq_len(match(est, names(s)) - 1)], "df"), drop = FALSE]
    out <- lapply(lab, as.character)
    c(out, list(estimate = s[i, est], se = s[i, "SE"]),
      if ("df" %in% names(s)) list(df = if (is.finite(s[i, "df"])) s[i, "df"] else "inf"),
      if ("lower.CL" %in% names(s)) list(lower = s[i, "lower.CL"], upper = s[i, "upper.CL"]),
      if ("asymp.LCL" %in% names(s)) list(lower = s[i, "asymp.LCL"], upper = s[i, "asymp.UCL"]),
      if ("p.value" %in% names(s)) list(statistic = s[i, intersect(c("t.ratio", "z.ratio"), names(s))[1]], p = s[i, "p.value"]))
  })
}
case("carrots_emmeans", {
  x <- car_lmer(quote(lmer(Preference ~ Homesize + Gender + Age + (1 | Consumer) + (1 | Product), data = car)),
    "Preference ~ Homesize + Gender + Age + (1 | Consumer) + (1 | Product)", anova3 = TRUE)
  e <- emmeans(LAST, pairwise ~ Age, lmer.df = "satterthwaite", lmerTest.limit = 5000, pbkrtest.limit = 0)
  x$emmeans <- list(spec = "pairwise ~ Age, lmer.df = satterthwaite; factors Homesize and Gender averaged with equal weights",
                    means = emm_rows(summary(e$emmeans)))
  set.seed(1)
  for (a in c("none", "holm", "BH", "bonferroni", "tukey", "mvt"))
    x$emmeans[[paste0("pairs_", a)]] <- emm_rows(summary(e$contrasts, adjust = a, infer = c(TRUE, TRUE)))
  x$emmeans$note <- "pairs are first minus second (Age1 - Age2); mvt p values and limits by simulation (mvtnorm), good to about 1e-3; holm and BH intervals are emmeans's bonferroni ones"
  x })
case("carrots_emmeans_interaction", {
  x <- car_lmer(quote(lmer(Preference ~ Homesize * sens2 + Age + (1 | Consumer) + (1 | Product), data = car)),
    "Preference ~ Homesize * sens2 + Age + (1 | Consumer) + (1 | Product)", anova3 = TRUE)
  e <- emmeans(LAST, pairwise ~ Homesize, at = list(sens2 = 2), lmer.df = "satterthwaite", lmerTest.limit = 5000)
  tr <- emtrends(LAST, pairwise ~ Homesize, var = "sens2", lmer.df = "satterthwaite", lmerTest.limit = 5000)
  tt <- as.data.frame(summary(tr$emtrends)); names(tt)[names(tt) == "sens2.trend"] <- "estimate"
  x$emmeans <- list(spec = "means of Homesize at sens2 = 2; slopes of sens2 by Homesize",
    means = emm_rows(summary(e$emmeans)), pairs_none = emm_rows(summary(e$contrasts, infer = c(TRUE, TRUE))),
    slopes = emm_rows(tt), slope_pairs_none = emm_rows(summary(tr$contrasts, infer = c(TRUE, TRUE))))
  x })
for (l in c("logit", "probit")) case(paste0("wine_clm_emmeans_", l), {
  x <- wine_clm(quote(clm(rating ~ temp + contact, data = wine)), link = l)
  m <- LAST
  pr <- function(e) emm_rows(summary(pairs(e), infer = c(TRUE, TRUE)))
  lat <- emmeans(m, ~temp, mode = "latent"); mc <- emmeans(m, ~temp, mode = "mean.class")
  mcc <- emmeans(m, ~temp * contact, mode = "mean.class")
  pb <- emmeans(m, ~temp | rating, mode = "prob"); pbc <- emmeans(m, ~rating | temp * contact, mode = "prob")
  x$emmeans <- list(
    latent_temp = emm_rows(summary(lat)), latent_temp_pairs = pr(lat),
    mean_class_temp = emm_rows(summary(mc)), mean_class_temp_pairs = pr(mc),
    mean_class_temp_contact = emm_rows(summary(mcc)),
    prob_temp = emm_rows(summary(pb)), prob_temp_pairs = pr(pb), prob_cells = emm_rows(summary(pbc)),
    note = "averaged over contact with equal weights on the response scale (mean.class, prob); latent is relative to the mean of the thresholds; pairs are cold - warm; SEs by the delta method")
  x })

# ================================================================ B. made-up
case("weights_lmer_reml", fit_lmer(quote(lmer(y ~ x + (1 | person) + (1 | item), data = w, weights = weight)),
  "sim_weights.csv", "y ~ x + (1 | person) + (1 | item)", weights = "weight"))
case("weights_lmer_ml", fit_lmer(quote(lmer(y ~ x + (1 | person) + (1 | item), data = w, weights = weight)),
  "sim_weights.csv", "y ~ x + (1 | person) + (1 | item)", reml = FALSE, weights = "weight"))
for (a in c(1L, 10L)) case(paste0("weights_clmm_agq", a),
  fit_clmm(quote(clmm(rating ~ x + (1 | person), data = w, weights = count)),
    "sim_weights.csv", "rating ~ x + (1 | person)", nAGQ = a, weights = "count", rows = "rating ordered 1..5; count = frequency weight"))
case("weights_clmm_two_terms", fit_clmm(quote(clmm(rating ~ x + (1 | person) + (1 | item), data = w, weights = count)),
    "sim_weights.csv", "rating ~ x + (1 | person) + (1 | item)", weights = "count", rows = "rating ordered 1..5; count = frequency weight"))
for (r in c(TRUE, FALSE)) case(paste0("nested_lmer_", if (r) "reml" else "ml"),
  fit_lmer(quote(lmer(y ~ x + (1 | a/b), data = ne)), "sim_nested.csv", "y ~ x + (1 | a/b)", reml = r, anova3 = TRUE,
    notes = "lme4 names the groups b:a (levels b1:a01) and a"))
case("nested_clmm", fit_clmm(quote(clmm(rating ~ x + (1 | a) + (1 | ab), data = ne)), "sim_nested.csv",
  "rating ~ x + (1 | a) + (1 | ab)", rows = "rating ordered 1..4; ab is the interaction factor a:b"))
case("slopes_lmer_reml", fit_lmer(quote(lmer(y ~ x + z + (1 + x | g) + (1 + z | h), data = sl)), "sim_slopes.csv",
  "y ~ x + z + (1 + x | g) + (1 + z | h)", anova3 = TRUE))
case("slopes_lmer_ml", fit_lmer(quote(lmer(y ~ x + z + (1 + x | g) + (1 + z | h), data = sl)), "sim_slopes.csv",
  "y ~ x + z + (1 + x | g) + (1 + z | h)", reml = FALSE, anova3 = TRUE))
case("slopes_glmmTMB_ml", fit_tmb(quote(glmmTMB(y ~ x + z + (1 + x | g) + (1 + z | h), data = sl, control = tmbctl)),
  "sim_slopes.csv", "y ~ x + z + (1 + x | g) + (1 + z | h)", "identity"))
case("slopes_lmer_three_reml", fit_lmer(quote(lmer(y ~ x + z + (1 + x + z | g), data = sl)), "sim_slopes.csv",
  "y ~ x + z + (1 + x + z | g)", anova3 = TRUE))
case("slopes_lmer_three_ml", fit_lmer(quote(lmer(y ~ x + z + (1 + x + z | g), data = sl)), "sim_slopes.csv",
  "y ~ x + z + (1 + x + z | g)", reml = FALSE))
case("slopes_glmmTMB_three_ml", fit_tmb(quote(glmmTMB(y ~ x + z + (1 + x + z | g), data = sl, control = tmbctl)),
  "sim_slopes.csv", "y ~ x + z + (1 + x + z | g)", "identity"))
R_SL <- "rating ordered 1..4"
case("slopes_clmm", fit_clmm(quote(clmm(rating ~ x + (1 + x | g), data = sl)), "sim_slopes.csv",
  "rating ~ x + (1 + x | g)", rows = R_SL))
case("slopes_clmm_crossed", fit_clmm(quote(clmm(rating ~ x + z + (1 + x | g) + (1 | h), data = sl)), "sim_slopes.csv",
  "rating ~ x + z + (1 + x | g) + (1 | h)", rows = R_SL))
R_EM <- "rating takes 1, 2, 4, 5 only: category 3 never used and dropped; group: A, B"
case("empty_clm", fit_clm(quote(clm(rating ~ x + group, data = em)), "sim_empty.csv", "rating ~ x + group", rows = R_EM))
case("empty_clmm", fit_clmm(quote(clmm(rating ~ x + group + (1 | g), data = em)), "sim_empty.csv",
  "rating ~ x + group + (1 | g)", rows = R_EM))
for (r in c(TRUE, FALSE)) {
  case(paste0("singular_zero_", if (r) "reml" else "ml"), fit_lmer(quote(lmer(y0 ~ x + (1 | g), data = sg)), "sim_singular.csv",
    "y0 ~ x + (1 | g)", reml = r, notes = "group variance exactly 0; loglik is what counts"))
  case(paste0("singular_corr_", if (r) "reml" else "ml"), fit_lmer(quote(lmer(y1 ~ x + (1 + x | g), data = sg)), "sim_singular.csv",
    "y1 ~ x + (1 + x | g)", reml = r, notes = "correlation exactly +-1; loglik is what counts"))
}
for (a in c("logit", "probit")) case(paste0("binary_glmer_", a), {
  cl <- quote(glmer(y ~ x + (1 + x | g), data = bi)); cl$family <- bquote(binomial(.(a)))
  fit_glmer(cl, "sim_binary.csv", "y ~ x + (1 + x | g)", link = a) })
for (a in c("logit", "probit")) case(paste0("binary_glmmTMB_", a), {
  cl <- quote(glmmTMB(y ~ x + (1 + x | g), data = bi, control = tmbctl)); cl$family <- bquote(binomial(.(a)))
  fit_tmb(cl, "sim_binary.csv", "y ~ x + (1 + x | g)", a) })
R_PO <- "rating ordered 1..5; cond: a, b, c; poly(x, 2, raw=TRUE)1 is x and 2 is x^2"
case("poly_clm", fit_clm(quote(clm(rating ~ x * cond + I(x^2), data = po)), "sim_poly.csv", "rating ~ x * cond + I(x^2)", rows = R_PO))
case("poly_clm_raw", fit_clm(quote(clm(rating ~ poly(x, 2, raw = TRUE) * cond, data = po)), "sim_poly.csv",
  "rating ~ poly(x, 2, raw = TRUE) * cond", rows = R_PO))
case("poly_clmm", fit_clmm(quote(clmm(rating ~ poly(x, 2, raw = TRUE) * cond + (1 | g), data = po)), "sim_poly.csv",
  "rating ~ poly(x, 2, raw = TRUE) * cond + (1 | g)", rows = R_PO))
case("poly_clmm_linear", fit_clmm(quote(clmm(rating ~ x * cond + (1 | g), data = po)), "sim_poly.csv",
  "rating ~ x * cond + (1 | g)", rows = R_PO))

# ================================================================ A. VerbAgg
case("verbagg_glmer_agq1", fit_glmer(quote(glmer(r2 ~ Anger + Gender + (1 | id), family = binomial, data = verb)), F_VERB,
  "r2 ~ Anger + Gender + (1 | id)", nAGQ = 1L, rows = R_VERB))
case("verbagg_glmer_agq10", fit_glmer(quote(glmer(r2 ~ Anger + Gender + (1 | id), family = binomial, data = verb)), F_VERB,
  "r2 ~ Anger + Gender + (1 | id)", nAGQ = 10L, rows = R_VERB))
case("verbagg_clmm", fit_clmm(quote(clmm(resp ~ Anger + Gender + btype + situ + mode + (1 | id) + (1 | item), data = verb)), F_VERB,
  "resp ~ Anger + Gender + btype + situ + mode + (1 | id) + (1 | item)", rows = R_VERB))
case("verbagg_glmer_probit", fit_glmer(quote(glmer(r2 ~ Gender + btype + situ + mode + (1 | id) + (1 | item),
  family = binomial("probit"), data = verb)), F_VERB, "r2 ~ Gender + btype + situ + mode + (1 | id) + (1 | item)",
  link = "probit", rows = R_VERB))
case("verbagg_glmmTMB_probit", fit_tmb(quote(glmmTMB(r2 ~ Gender + btype + situ + mode + (1 | id) + (1 | item),
  family = binomial("probit"), data = verb, control = tmbctl)), F_VERB, "r2 ~ Gender + btype + situ + mode + (1 | id) + (1 | item)",
  "probit", rows = R_VERB))
case("verbagg_glmmTMB_logit", fit_tmb(quote(glmmTMB(r2 ~ (Anger + Gender + btype + situ)^2 + (1 | id) + (1 | item),
  family = binomial, data = verb, control = tmbctl)), F_VERB, "r2 ~ (Anger + Gender + btype + situ)^2 + (1 | id) + (1 | item)",
  "logit", rows = R_VERB))
case("verbagg_glmer_logit", fit_glmer(quote(glmer(r2 ~ (Anger + Gender + btype + situ)^2 + (1 | id) + (1 | item),
  family = binomial, data = verb)), F_VERB, "r2 ~ (Anger + Gender + btype + situ)^2 + (1 | id) + (1 | item)", rows = R_VERB))

# =============================================================== A. InstEval
for (r in c(FALSE, TRUE)) case(paste0("insteval_lmer_", if (r) "reml" else "ml"),
  fit_lmer(quote(lmer(y ~ service + studage + lectage + (1 | s) + (1 | d) + (1 | dept:service), data = inst)), F_INST,
    "y ~ service + studage + lectage + (1 | s) + (1 | d) + (1 | dept:service)", reml = r, rows = R_INST,
    notes = "r_reference_fits.R used polynomial contrasts for studage and lectage: same ML fit, other coefficients"))

write_out()
cat("wrote", json_file, "with", length(cases), "cases\n")
