(* What every certificate builds on: the libraries, three tactics, and lemmas that the libraries lack. *)
From Coq Require Export Reals Lra Psatz Ratan.
From Coquelicot Require Export Coquelicot.
From Interval Require Export Tactic.
Open Scope R_scope.

(* The order of comparison is that of cost. *)
Ltac ntk_side :=
  repeat match goal with |- _ /\ _ => split end;
  first
    [ exact I
    | assumption
    | lra
    | nra
    | apply Rmult_le_pos; lra
    | apply Rgt_not_eq; nra
    | apply Rlt_not_eq; nra
    | interval
    | apply Rgt_not_eq; interval
    | apply Rgt_not_eq; apply exp_pos ].

(* auto_derive writes arguments anew, such as r * (r * 1) for r ^ 2: back to the form they were stated in. *)
Ltac ntk_canon f e :=
  repeat match goal with
  | |- context [f ?a] =>
      first [ constr_eq a e; fail 1
            | replace (f a) with (f e) by (f_equal; first [ring | field; ntk_side]) ]
  end.

Lemma is_derive_asin : forall x, -1 < x < 1 -> is_derive asin x (/ sqrt (1 - x ^ 2)).
Proof.
  intros x H. apply is_derive_Reals.
  replace (/ sqrt (1 - x ^ 2)) with (1 / sqrt (1 - x²))
    by (unfold Rsqr, Rdiv; rewrite Rmult_1_l; do 2 f_equal; ring).
  rewrite <- (derive_pt_asin x H).
  apply (proj2_sig (derivable_pt_asin x H)).
Qed.

Global Instance UnaryDiff_asin : UnaryDiff' asin.
Proof.
  exists (fun x => / sqrt (1 - x ^ 2)) (fun x => -1 < x < 1).
  exact is_derive_asin.
Defined.

Lemma nonneg_by_derivative : forall (f df : R -> R) (a b : R),
  (forall t, a <= t <= b -> is_derive f t (df t)) ->
  (forall t, a <= t <= b -> 0 <= df t) ->
  0 <= f a -> forall t, a <= t <= b -> 0 <= f t.
Proof.
  intros f df a b D N A t T.
  destruct (MVT_gen f a t df) as [c [C E]].
  - intros x X. apply D. unfold Rmin, Rmax in X; destruct (Rle_dec a t); lra.
  - intros x X. apply continuity_pt_filterlim, (ex_derive_continuous (V := R_NormedModule)).
    exists (df x). apply D. unfold Rmin, Rmax in X; destruct (Rle_dec a t); lra.
  - unfold Rmin, Rmax in C; destruct (Rle_dec a t); try lra.
    assert (0 <= df c) by (apply N; lra). nra.
Qed.
